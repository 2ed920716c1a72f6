'use strict';

// Elements and tables.  What comes from the server enters the document here only, as text nodes and as text in
// attributes that nothing interprets: it is never read as markup, an address or a style.

const byId = (id) => document.getElementById(id);

function element(tag, kind, ...children) {
  const made = document.createElement(tag);
  if (kind) made.className = kind;
  made.append(...children);
  return made;
}

// Text that is the same is left alone: a selection in it stays, and a screen reader is not told again.
function setText(target, text) {
  if (target.textContent !== text) target.textContent = text;
}

const wholeNumbers = new Intl.NumberFormat('en');
const number = (value) => wholeNumbers.format(value);
const code = (text) => element('code', '', text);

// A table whose rows come again and again with small differences.  Only cells that changed are made anew, and only rows
// that moved are moved, so that focus, selection and what is folded out stay where they are.
//
//   columns  {title, kind, from: row => data, show: data => node or text}; data must survive JSON
//   key      row => text by which a row is known again
//   empty    what to say when there are no rows
class Table {
  #columns;
  #key;
  #empty;
  #body = element('tbody');
  #lines = new Map();  // key → {line, data of each cell as JSON}

  constructor(id, { columns, key, empty }) {
    this.#columns = columns;
    this.#key = key;
    const titles = columns.map(({ title, kind }) => {
      const heading = element('th', kind, title);
      heading.scope = 'col';
      return heading;
    });
    const cell = element('td', 'quiet', empty);
    cell.colSpan = columns.length;
    this.#empty = element('tr', 'empty', cell);
    byId(id).append(element('thead', '', element('tr', '', ...titles)), this.#body);
  }

  show(rows) {
    const lines = new Map();
    let next = this.#body.firstChild;
    for (const row of rows) {
      let key = this.#key(row);
      while (lines.has(key)) key += ' again';
      const known = this.#lines.get(key) ?? this.#newLine();
      this.#fill(known, row);
      lines.set(key, known);
      if (known.line === next) next = next.nextSibling;
      else this.#body.insertBefore(known.line, next);
    }
    while (next) {
      const gone = next;
      next = next.nextSibling;
      gone.remove();
    }
    if (rows.length === 0) this.#body.append(this.#empty);
    this.#lines = lines;
  }

  #newLine() {
    const cells = this.#columns.map(({ title, kind, isName }) => {
      const cell = element(isName ? 'th' : 'td', kind);
      if (isName) cell.scope = 'row';
      cell.dataset.title = title;
      return cell;
    });
    return { line: element('tr', '', ...cells), shown: [] };
  }

  #fill(known, row) {
    this.#columns.forEach(({ from, show }, i) => {
      const data = from(row);
      const text = JSON.stringify(data);
      if (known.shown[i] === text) return;
      known.shown[i] = text;
      known.line.cells[i].replaceChildren(show ? show(data) : String(data));
    });
  }
}

// Shows the first of many rows, and more of them when asked.
class Pages {
  #step = 100;
  #limit = 100;
  #button;

  constructor(buttonId, again) {
    this.#button = byId(buttonId);
    this.#button.addEventListener('click', () => {
      this.#limit += this.#step;
      again();
    });
  }

  of(rows) {
    const left = rows.length - this.#limit;
    this.#button.hidden = left <= 0;
    setText(this.#button, `Show ${number(Math.min(left, this.#step))} more`);
    return rows.slice(0, this.#limit);
  }
}
