/**
 * The keys of earlier releases' stacks: another input would replace one, and everything that trusts it. Pulumi's engine takes
 * the former value of what `ignoreChanges` names, and the tls provider replaces a key for any other difference.
 */
import * as pulumi from "@pulumi/pulumi";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

import { expect, test } from "vitest";

import { byName, run } from "../../components/testing/engine.ts";
import { Pki } from "../../components/pki.ts";

interface State {
  readonly checkpoint: {
    readonly latest: {
      readonly resources: readonly { urn: string; type: string; inputs?: Readonly<Record<string, unknown>> }[];
    };
  };
}

const type = "tls:index/privateKey:PrivateKey";
const releases = readdirSync(import.meta.dirname, { withFileTypes: true }).filter((each) => each.isDirectory());

/** Inputs of the keys that a release has in its state, by name. */
function recorded(release: string): Map<string, Readonly<Record<string, unknown>>> {
  const file = join(import.meta.dirname, release, "state/.pulumi/stacks/kubernetes/prod.json");
  const { checkpoint } = JSON.parse(readFileSync(file, "utf8")) as State;
  return new Map(
    checkpoint.latest.resources
      .filter((each) => each.type === type)
      .map(({ urn, inputs }) => [urn.split("::").at(-1)!, inputs!]),
  );
}

/** The program's keys: their inputs, and those inputs whose change is none. */
async function programs(): Promise<{
  inputs: Record<string, object>;
  ignored: ReadonlyMap<string, readonly string[]>;
}> {
  const ignored = new Map<string, readonly string[]>();
  const { resources } = await run(() => {
    pulumi.runtime.registerStackTransformation(({ type: each, name, opts }) => {
      if (each === type) ignored.set(name, (opts as pulumi.CustomResourceOptions).ignoreChanges ?? []);
      return undefined;
    });
    const validity = { leafValidity: 48, renewBefore: 12, caValidity: 96 };
    const pki = new Pki("prod", { serviceCIDR: "10.96.0.0/16", ...validity, caReplacement: 0 });
    for (const n of [1, 2, 3]) {
      pki.master({ name: `prod-master-${n}`, address: `198.51.100.1${n}`, apiAddress: "198.51.100.99" });
      pki.worker({ name: `prod-worker-${n}`, address: `198.51.100.2${n}` });
      pki.hostKey(`prod-worker-${n}`);
    }
  });
  return { inputs: byName(resources, "PrivateKey"), ignored };
}

test.each(releases.map(({ name }) => name))("no key of %s is replaced", async (release) => {
  const { inputs, ignored } = await programs();
  const before = recorded(release);
  expect(before.size).toBeGreaterThan(10);
  for (const [name, olds] of before) {
    const news = { ...inputs[name] } as Record<string, unknown>;
    for (const input of ignored.get(name)!) {
      if (input in olds) news[input] = olds[input];
      else delete news[input];
    }
    expect(news, name).toEqual(olds);
  }
});

test("only of the SSH key anything is ignored", async () => {
  const { ignored } = await programs();
  const some = [...ignored].filter(([, inputs]) => inputs.length > 0);
  expect(some).toEqual([["prod-ssh", ["algorithm", "ecdsaCurve"]]]);
});
