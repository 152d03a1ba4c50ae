import { expect, test } from "vitest";
import { parse } from "yaml";
import { kubeconfig } from "./kubeconfig.ts";

test("a kubeconfig holds everything it needs", () => {
  const base64 = (text: string) => Buffer.from(text).toString("base64");
  const text = kubeconfig({
    name: "dev",
    server: "https://198.51.100.99:6443",
    ca: "CA\n",
    cert: "CERT\n",
    key: "KEY\n",
  });
  expect(parse(text)).toEqual({
    apiVersion: "v1",
    kind: "Config",
    clusters: [
      { name: "dev", cluster: { server: "https://198.51.100.99:6443", "certificate-authority-data": base64("CA\n") } },
    ],
    users: [{ name: "dev", user: { "client-certificate-data": base64("CERT\n"), "client-key-data": base64("KEY\n") } }],
    contexts: [{ name: "dev", context: { cluster: "dev", user: "dev" } }],
    "current-context": "dev",
  });
});
