#!/usr/bin/env python3
"""The manifests of conf/kubernetes/: each hangs together, may run where pods are restricted, and mounts a configuration that respgate accepts."""

import functools
import os
import pathlib
import re
import shutil
import subprocess
import tempfile
import unittest

import yaml

ROOT = pathlib.Path(__file__).resolve().parents[2]
FOLDERS = {name: ROOT / "conf/kubernetes" / name for name in ("sidecar", "gateway")}
RESPGATE = os.environ.get("RESPGATE", str(ROOT / "build/respgate"))
MOUNT = "/etc/respgate"


def seconds(duration):
    return int(re.fullmatch(r"(\d+)s", duration)[1])


def built(name):
    """What `kubectl apply -k` would send: [object], by hand, for the parts of kustomize that are used."""
    folder = FOLDERS[name]
    kustomization = yaml.safe_load((folder / "kustomization.yaml").read_text())
    assert set(kustomization) <= {"apiVersion", "kind", "namespace", "resources", "configMapGenerator", "secretGenerator", "generatorOptions"}
    assert kustomization["generatorOptions"] == {"disableNameSuffixHash": True}
    objects = [one for file in kustomization["resources"] for one in yaml.safe_load_all((folder / file).read_text())]
    for kind, generator in (("ConfigMap", "configMapGenerator"), ("Secret", "secretGenerator")):
        for row in kustomization.get(generator, []):
            objects.append({"apiVersion": "v1", "kind": kind, "metadata": {"name": row["name"]},
                            "data": {file: (folder / file).read_text() for file in row["files"]}})
    for one in objects:
        if "namespace" in kustomization and one["kind"] != "Namespace":
            one["metadata"]["namespace"] = kustomization["namespace"]
    return objects


def only(objects, kind):
    found = [one for one in objects if one["kind"] == kind]
    assert len(found) == 1, (kind, len(found))
    return found[0]


def secrets_to_make(name):
    """{secret: {key}} of the commands at the top of the kustomization."""
    text = (FOLDERS[name] / "kustomization.yaml").read_text()
    made = {}
    for kind, secret, rest in re.findall(r"^# +kubectl .*create secret (\w+) (\S+)(.*)$", text, re.MULTILINE):
        made[secret] = {"tls.crt", "tls.key"} if kind == "tls" else set(re.findall(r"--from-file=(\S+)", rest))
    return made


def of_each(test):
    @functools.wraps(test)
    def run(self):
        for name in FOLDERS:
            with self.subTest(name):
                test(self, name)
    return run


class Manifests(unittest.TestCase):
    def deployment(self, name):
        return only(built(name), "Deployment")

    def pod(self, name):
        return self.deployment(name)["spec"]["template"]["spec"]

    def proxy(self, name):
        pod = self.pod(name)
        return next(one for one in pod.get("initContainers", []) + pod["containers"] if one["name"] == "respgate")

    def config(self, name):
        return yaml.safe_load((FOLDERS[name] / "respgate.yaml").read_text())

    def mounted(self, name):
        """{path below the mount: its text, or None for what the operator's secrets hold}"""
        objects = built(name)
        pod, proxy = self.pod(name), self.proxy(name)
        mount = next(one for one in proxy["volumeMounts"] if one["mountPath"] == MOUNT)
        self.assertTrue(mount["readOnly"])
        volume = next(one for one in pod["volumes"] if one["name"] == mount["name"])
        files = {}
        for source in volume["projected"]["sources"]:
            (kind, reference), = source.items()
            generated = [one for one in objects if one["kind"].lower() == kind.lower() and one["metadata"]["name"] == reference["name"]]
            for item in reference["items"]:
                self.assertNotIn(item["path"], files)
                if generated:
                    files[item["path"]] = generated[0]["data"][item["key"]]
                else:
                    self.assertEqual(kind, "secret")
                    self.assertIn(item["key"], secrets_to_make(name)[reference["name"]])
                    files[item["path"]] = None
        return files


class BothTest(Manifests):
    @of_each
    def test_every_secret_that_the_comments_have_made_is_mounted(self, name):
        items = [source["secret"] for volume in self.pod(name)["volumes"] for source in volume.get("projected", {}).get("sources", [])
                 if "secret" in source]
        mounted = {one["name"]: {item["key"] for item in one["items"]} for one in items}
        for secret, keys in secrets_to_make(name).items():
            self.assertEqual(mounted[secret], keys)

    @of_each
    def test_the_mounted_files_are_a_configuration_that_respgate_accepts(self, name):
        with tempfile.TemporaryDirectory() as folder:
            for path, text in self.mounted(name).items():
                file = pathlib.Path(folder, path)
                file.parent.mkdir(exist_ok=True)
                # The folder of the admin socket is there in the pod, but not here.
                file.write_text("placeholder\n" if text is None else text.replace("unix:/run/respgate/", f"unix:{folder}/"))
                file.chmod(0o440)
            if name == "gateway":
                self.make_certificate(folder)
            done = subprocess.run([RESPGATE, "check", "-c", f"{folder}/respgate.yaml"], capture_output=True, text=True, timeout=60)
            self.assertEqual(done.returncode, 0, done.stdout + done.stderr)

    @staticmethod
    def make_certificate(folder):
        for file in ("tls.crt", "tls.key"):
            pathlib.Path(folder, "tls", file).unlink()
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2", "-subj", "/CN=x",
                        "-addext", "subjectAltName=DNS:respgate.respgate.svc", "-keyout", f"{folder}/tls/tls.key", "-out", f"{folder}/tls/tls.crt"],
                       check=True, capture_output=True)

    @of_each
    def test_no_file_of_the_configuration_is_missing_and_none_is_too_much(self, name):
        text = (FOLDERS[name] / "respgate.yaml").read_text()
        named = set(re.findall(r"^[^#\n]*?\w*file: ([\w./-]+)", text, re.MULTILINE)) - {"stdout"}
        self.assertEqual(named | {"respgate.yaml"}, set(self.mounted(name)))

    @of_each
    def test_nobody_can_log_in_with_a_password_that_stands_here(self, name):
        self.assertNotRegex((FOLDERS[name] / "users.acl").read_text(), r"[#>]|nopass")

    @of_each
    def test_files_can_be_read_and_not_written_by_the_group(self, name):
        volumes = [one["projected"] for one in self.pod(name)["volumes"] if "projected" in one]
        self.assertEqual([one["defaultMode"] for one in volumes], [0o440])
        self.assertEqual(self.pod(name)["securityContext"]["fsGroup"], self.pod(name)["securityContext"]["runAsGroup"])

    @of_each
    def test_ports_are_those_of_the_configuration(self, name):
        config = self.config(name)
        port_of = lambda address: int(address.rsplit(":", 1)[1])
        wanted = {port_of(config["admin"]["health_address"])}
        wanted |= {port_of(one["address"]) for one in config["listeners"] if not one["address"].startswith("127.")}
        self.assertEqual({one["containerPort"] for one in self.proxy(name)["ports"]}, wanted)
        annotations = self.deployment(name)["spec"]["template"]["metadata"]["annotations"]
        self.assertEqual(annotations["prometheus.io/port"], str(port_of(config["admin"]["health_address"])))

    @of_each
    def test_probes_ask_the_health_port_for_what_it_offers(self, name):
        proxy = self.proxy(name)
        names = {one["name"] for one in proxy["ports"]}
        for probe in ("startupProbe", "readinessProbe", "livenessProbe"):
            if "httpGet" in proxy[probe]:
                self.assertIn(proxy[probe]["httpGet"]["port"], names)
                self.assertIn(proxy[probe]["httpGet"]["path"], {"/livez", "/readyz"})
        self.assertEqual(proxy["livenessProbe"]["httpGet"]["path"], "/livez", "a node that is away must not have the proxy started anew")

    @of_each
    def test_words_that_are_run_in_the_container_are_understood(self, name):
        proxy = self.proxy(name)
        lines = [proxy["args"] + ["--help"]]
        for part in (proxy["startupProbe"], proxy.get("lifecycle", {}).get("preStop", {})):
            if "exec" in part:
                binary, *words = part["exec"]["command"]
                self.assertEqual(binary, "/usr/bin/respgate")
                lines.append(words + ["--help"])
        for words in lines:
            self.assertEqual(subprocess.run([RESPGATE, *words], capture_output=True, timeout=60).returncode, 0, words)

    @of_each
    def test_the_admin_socket_is_in_a_folder_that_only_the_proxy_mounts(self, name):
        address = self.config(name)["admin"]["address"]
        self.assertTrue(address.startswith("unix:/run/respgate/"), address)
        mount = next(one["name"] for one in self.proxy(name)["volumeMounts"] if one["mountPath"] == "/run/respgate")
        users = [one["name"] for one in self.pod(name).get("initContainers", []) + self.pod(name)["containers"]
                 if any(volume["name"] == mount for volume in one.get("volumeMounts", []))]
        self.assertEqual(users, ["respgate"])

    @of_each
    def test_there_is_time_to_drain(self, name):
        hook = self.proxy(name).get("lifecycle", {}).get("preStop", {}).get("exec", {}).get("command", [])
        delay = seconds(hook[hook.index("--delay") + 1]) if hook else 0
        self.assertGreater(self.pod(name)["terminationGracePeriodSeconds"], delay + seconds(self.config(name)["shutdown"]["grace"]))

    @of_each
    def test_pods_are_restricted(self, name):
        """Pod Security Standards, `restricted`: what it wants of pods and containers."""
        pod = self.pod(name)
        self.assertTrue(pod["securityContext"]["runAsNonRoot"])
        self.assertGreater(pod["securityContext"]["runAsUser"], 0)
        self.assertEqual(pod["securityContext"]["seccompProfile"], {"type": "RuntimeDefault"})
        self.assertFalse(pod["automountServiceAccountToken"])
        self.assertFalse({"hostNetwork", "hostPID", "hostIPC"} & set(pod))
        for volume in pod["volumes"]:
            self.assertLessEqual(set(volume) - {"name"}, {"projected", "emptyDir", "configMap", "secret"})
        for container in pod.get("initContainers", []) + pod["containers"]:
            context = container["securityContext"]
            self.assertFalse(context["allowPrivilegeEscalation"])
            self.assertTrue(context["readOnlyRootFilesystem"])
            self.assertEqual(context["capabilities"], {"drop": ["ALL"]})
            self.assertIn("memory", container["resources"]["limits"])
            self.assertNotRegex(container["image"], r":latest$|^[^:]+$")

    @of_each
    def test_selectors_meet_labels(self, name):
        objects, deployment = built(name), self.deployment(name)
        labels = deployment["spec"]["template"]["metadata"]["labels"]
        selectors = [deployment["spec"]["selector"]["matchLabels"]]
        selectors += [one["spec"]["selector"] for one in objects if one["kind"] == "Service"]
        selectors += [one["spec"]["selector"]["matchLabels"] for one in objects if one["kind"] == "PodDisruptionBudget"]
        selectors += [one["spec"]["podSelector"]["matchLabels"] for one in objects if one["kind"] == "NetworkPolicy"]
        for spread in self.pod(name).get("topologySpreadConstraints", []):
            selectors.append(spread["labelSelector"]["matchLabels"])
        for selector in selectors:
            self.assertTrue(selector)
            self.assertLessEqual(selector.items(), labels.items())

    @of_each
    def test_every_mounted_volume_exists(self, name):
        pod = self.pod(name)
        volumes = {one["name"] for one in pod["volumes"]}
        for container in pod.get("initContainers", []) + pod["containers"]:
            for mount in container.get("volumeMounts", []):
                self.assertIn(mount["name"], volumes)

    @of_each
    def test_versions_are_those_that_the_kinds_have(self, name):
        versions = {"Deployment": "apps/v1", "Service": "v1", "Namespace": "v1", "ConfigMap": "v1", "Secret": "v1",
                    "PodDisruptionBudget": "policy/v1", "HorizontalPodAutoscaler": "autoscaling/v2", "NetworkPolicy": "networking.k8s.io/v1"}
        for one in built(name):
            self.assertEqual(one["apiVersion"], versions[one["kind"]])
            self.assertRegex(one["metadata"]["name"], r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?$")

    @unittest.skipUnless(shutil.which("kubectl"), "needs kubectl")
    @of_each
    def test_kustomize_builds_the_same(self, name):
        done = subprocess.run(["kubectl", "kustomize", FOLDERS[name]], capture_output=True, text=True, timeout=120)
        self.assertEqual(done.returncode, 0, done.stderr)
        name_of = lambda one: (one["kind"], one["metadata"].get("namespace"), one["metadata"]["name"])
        self.assertEqual(sorted(map(name_of, yaml.safe_load_all(done.stdout)), key=str), sorted(map(name_of, built(name)), key=str))


class SidecarTest(Manifests):
    def test_it_is_a_native_sidecar_that_outlives_its_application(self):
        pod, proxy = self.pod("sidecar"), self.proxy("sidecar")
        self.assertIn(proxy, pod["initContainers"])
        self.assertEqual(proxy["restartPolicy"], "Always")
        # Hooks of all containers run at once when a pod ends: one that drained would end the proxy before its clients.
        self.assertNotIn("lifecycle", proxy)

    def test_the_application_asks_where_it_listens(self):
        application, = self.pod("sidecar")["containers"]
        url, = (one["value"] for one in application["env"] if one["name"] == "REDIS_URL")
        listener, = self.config("sidecar")["listeners"]
        self.assertEqual(url.replace("redis://localhost", "127.0.0.1"), listener["address"])


class GatewayTest(Manifests):
    def test_the_service_leads_to_the_listener(self):
        port, = only(built("gateway"), "Service")["spec"]["ports"]
        ports = {one["name"]: one["containerPort"] for one in self.proxy("gateway")["ports"]}
        self.assertEqual(f"0.0.0.0:{ports[port['targetPort']]}", self.config("gateway")["listeners"][0]["address"])

    def test_the_autoscaler_scales_the_deployment_by_what_is_exposed(self):
        scaler = only(built("gateway"), "HorizontalPodAutoscaler")["spec"]
        self.assertEqual(scaler["scaleTargetRef"]["name"], self.deployment("gateway")["metadata"]["name"])
        self.assertNotIn("replicas", self.deployment("gateway")["spec"], "two masters")
        resources = [one["resource"]["name"] for one in scaler["metrics"] if one["type"] == "Resource"]
        self.assertEqual(resources, ["cpu"])
        self.assertIn("cpu", self.proxy("gateway")["resources"]["requests"], "a utilisation is of what was requested")
        metrics = [one["pods"]["metric"]["name"] for one in scaler["metrics"] if one["type"] == "Pods"]
        self.assertEqual(metrics, ["respgate_connections"])

    def test_the_network_policy_names_ports_that_there_are(self):
        names = {one["name"] for one in self.proxy("gateway")["ports"]}
        policy = only(built("gateway"), "NetworkPolicy")["spec"]
        self.assertEqual({port["port"] for rule in policy["ingress"] for port in rule["ports"]}, names)
        out = {port["port"] for rule in policy["egress"] for port in rule["ports"]}
        self.assertEqual(out, {53, int(self.config("gateway")["upstream"]["nodes"][0].rsplit(":", 1)[1])})
        for rule in policy["ingress"] + policy["egress"]:
            self.assertTrue(rule.get("from") or rule.get("to"), "everybody")

    def test_the_namespace_holds_pods_to_what_they_promise(self):
        labels = only(built("gateway"), "Namespace")["metadata"]["labels"]
        self.assertEqual(labels["pod-security.kubernetes.io/enforce"], "restricted")


if __name__ == "__main__":
    unittest.main()
