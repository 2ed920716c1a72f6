"""The admin port's page, as it is written: nothing in it turns data into markup, and its colours can be read."""

import pathlib
import re
import unittest

PAGE = pathlib.Path(__file__).resolve().parents[2] / "proxy" / "admin" / "page"
HTML, STYLE = (PAGE / "page.html").read_text(), (PAGE / "page.css").read_text()
SCRIPTS = {path.name: path.read_text() for path in sorted(PAGE.glob("*.js"))}
MAX_LINES = 400

# Ways for a text to become markup, code, an address or a style; ways to leave something behind.
FORBIDDEN = re.compile(
    r"innerHTML|outerHTML|insertAdjacentHTML|setHTML|document\.write|DOMParser|createContextualFragment|srcdoc|innerText"
    r"|\beval\b|\bFunction\(|setTimeout\(\s*['\"`]|setInterval|import\("
    r"|\.(href|src|action|style|cssText|on[a-z]+)\b\s*=[^=]|setAttribute\((?!'aria-)"
    r"|localStorage|sessionStorage|indexedDB|\.cookie|caches|serviceWorker|BroadcastChannel|postMessage|window\.name|history\.")
ELSEWHERE = re.compile(r"https?:|['\"(=]\s*//\w|\burl\(|@import|\bws:|\bwss:")

# Text on ground, as page.css pairs them.
READ_ON = [("ink", "ground"), ("ink", "surface"), ("quiet", "ground"), ("quiet", "surface"), ("accent", "ground"), ("accent", "surface"),
           ("bad", "ground"), ("bad", "surface"), ("bad", "bad-ground"), ("warn", "warn-ground"), ("good", "good-ground"), ("surface", "accent")]
# What is seen as a shape: borders of controls, the ring around what has the focus.
SEEN_ON = [("quiet", "ground"), ("quiet", "surface"), ("accent", "ground"), ("accent", "surface")]


def luminance(colour):
    parts = (int(colour[i:i + 2], 16) / 255 for i in (1, 3, 5))
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one, other):
    """As WCAG 2 has it: from 1 to 21."""
    dark, light = sorted((luminance(one), luminance(other)))
    return (light + 0.05) / (dark + 0.05)


def palettes():
    """By scheme: the properties of :root, and those with what a dark scheme lays over them."""
    blocks = re.findall(r":root \{(.*?)\}", STYLE, re.DOTALL)
    light, dark = (dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6});", block)) for block in blocks)
    return {"light": light, "dark": {**light, **dark}}


class TextTest(unittest.TestCase):
    def test_no_script_can_make_markup_of_a_text(self):
        self.assertGreater(len(SCRIPTS), 1)
        for name, script in SCRIPTS.items():
            with self.subTest(name):
                self.assertIsNone(FORBIDDEN.search(script))

    def test_that_search_finds_what_it_is_for(self):
        for line in ("cell.innerHTML = name", "a.href = x", "p.style = x", "eval(x)", "setTimeout('x')", "b.setAttribute('onclick', x)",
                     "localStorage.token = x", "button.onclick = x"):
            self.assertRegex(line, FORBIDDEN)

    def test_nothing_comes_from_elsewhere(self):
        for text in (HTML, STYLE, *SCRIPTS.values()):
            self.assertIsNone(ELSEWHERE.search(text))
        for attribute in re.findall(r'\b(?:href|src)="([^"]*)"', HTML):
            self.assertRegex(attribute, r"^(#[a-z]+|data:,)$")

    def test_the_markup_holds_no_code_and_no_style(self):
        self.assertIsNone(re.search(r"<[^>]*\s(on\w+|style)\s*=", HTML))
        self.assertEqual(re.findall(r"<(script|style)\b([^>]*)>", HTML), [("style", ""), ("script", "")])

    def test_the_parts_fit_into_each_other(self):
        for place in ("@TOKEN@", "@STYLE@", "@SCRIPT@"):
            self.assertEqual(HTML.count(place), 1)
        for text in (STYLE, *SCRIPTS.values()):
            self.assertIsNone(re.search(r"</(script|style)|<!--|@[A-Z]+@", text, re.IGNORECASE))
        for text in (HTML, STYLE, *SCRIPTS.values()):
            self.assertNotIn(')page-file"', text)
            self.assertNotIn("\r", text)
            self.assertLessEqual(text.count("\n"), MAX_LINES)

    def test_every_script_is_built_in(self):
        names = re.search(r"foreach\(script ([\w ]+)\)", (PAGE / "page.cmake").read_text())[1]
        self.assertEqual(sorted(f"{name}.js" for name in names.split()), sorted(SCRIPTS))

    def test_scripts_name_elements_that_are_there(self):
        there = re.findall(r'\bid="([^"]+)"', HTML)
        self.assertEqual(len(there), len(set(there)))
        for name, script in SCRIPTS.items():
            used = re.findall(r"(?:byId|new Table|new Pages)\('([^']+)'", script)
            self.assertLessEqual(set(used), set(there), name)
        for reference in re.findall(r'(?:aria-labelledby|aria-describedby|for|href)="#?([a-z-]+)"', HTML):
            self.assertIn(reference, there)

    def test_every_table_says_what_it_is(self):
        tables = re.findall(r"<table [^>]*>\s*(<caption>)?", HTML)
        self.assertGreater(len(tables), 4)
        self.assertTrue(all(tables))


class ContrastTest(unittest.TestCase):
    def test_the_measure_is_the_usual_one(self):
        self.assertAlmostEqual(contrast("#000000", "#ffffff"), 21)
        self.assertAlmostEqual(contrast("#777777", "#ffffff"), 4.478, places=3)

    def test_text_is_readable_in_both_schemes(self):
        for scheme, colours in palettes().items():
            self.assertGreater(len(colours), 10)
            for text, ground in READ_ON:
                with self.subTest(scheme=scheme, text=text, ground=ground):
                    self.assertGreaterEqual(contrast(colours[text], colours[ground]), 4.5)
            for shape, ground in SEEN_ON:
                with self.subTest(scheme=scheme, shape=shape, ground=ground):
                    self.assertGreaterEqual(contrast(colours[shape], colours[ground]), 3)

    def test_no_colour_stands_outside_the_palettes(self):
        rules = re.sub(r":root \{.*?\}", "", STYLE, flags=re.DOTALL)
        self.assertIsNone(re.search(r"#[0-9a-fA-F]{3,8}\b(?![^{]*\{)|\brgba?\(|\bhsla?\(|\bopacity\b", rules))

    def test_every_pair_that_is_used_is_measured(self):
        used = {tuple(re.findall(r"(?:^|\s)(?:color|background): var\(--([\w-]+)\)", rule))
                for rule in re.findall(r"\{([^{}]*?)\}", STYLE) if "color: var(" in rule and "background: var(" in rule}
        self.assertGreater(len(used), 3)
        self.assertLessEqual({tuple(pair) for pair in used if len(pair) == 2}, {*READ_ON, *((b, a) for a, b in READ_ON)})


if __name__ == "__main__":
    unittest.main()
