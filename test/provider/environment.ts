/** A local zone's API without machines, and resources in it as Pulumi's engine keeps them. */
import { randomUUID } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { ed25519 } from "../ed25519.ts";
import { inject } from "vitest";

import type { BootInputs, BootOutputs } from "../../node/rollout/boot.ts";
import type { ElasticIpHealthcheckInputs } from "../../exoscale/elastic-ip-healthcheck.ts";
import type { ElasticIpInputs, ElasticIpOutputs } from "../../exoscale/elastic-ip.ts";
import type { GroupInputs } from "../../exoscale/group.ts";
import type { Healthcheck } from "../../exoscale/healthcheck.ts";
import { idOf } from "../../exoscale/identity.ts";
import type { InstanceInputs, InstanceOutputs } from "../../exoscale/instance.ts";
import { fakeNode, type Shell } from "../../node/remote/testing/ssh-server.ts";
import { providers, type ProviderName } from "../../provider/handlers.ts";
import type { Rule, SecurityGroupRulesInputs } from "../../exoscale/security-group-rules.ts";
import type { SshKeyInputs, SshKeyOutputs } from "../../exoscale/ssh-key.ts";
import type { TemplateInputs } from "../../exoscale/template.ts";
import { encodeUserData } from "../../exoscale/user-data.ts";
import { startApi, type TestApiOptions } from "../../zone/testing/zone.ts";
import { PROFILES, type Profile, type Traits } from "../../zone/traits.ts";

declare module "vitest" {
  interface ProvidedContext {
    /** Of every zone of a project of vitest.config.ts; absent: the default one. */
    readonly profile?: Profile;
  }
}

/**
 * The traits of every zone here unless a test asks for others. A strict zone is one without its pauses: operations take a
 * thousandth of the time, and the rate of calls has a test of its own.
 */
const traits: Partial<Traits> =
  inject("profile") === "strict"
    ? { ...PROFILES.strict, operationDelay: [3, 20], importDelay: [60, 180], rate: 0 }
    : {};

type Properties = Record<string, unknown>;

/** As Pulumi's wire carries it. */
export const plain = (value: object): Properties => JSON.parse(JSON.stringify(value)) as Properties;

export const sshRule = {
  direction: "ingress",
  protocol: "tcp",
  startPort: 22,
  endPort: 22,
  network: "192.0.2.0/24",
  description: "ssh",
} as const satisfies Rule;

/** A resource as the engine keeps it (inputs, outputs, id), and the steps of its life. */
export class Resource<Inputs extends object, Outputs extends object = Inputs> {
  readonly kind: ProviderName;
  inputs: Inputs;
  outs!: Outputs;
  /** As the engine keeps it. */
  identity = "";

  constructor(kind: ProviderName, inputs: Inputs) {
    this.kind = kind;
    this.inputs = inputs;
  }
  /** The API's. */
  get id(): string {
    return idOf(this.identity);
  }
  async create(): Promise<this> {
    const { id, outs } = await providers[this.kind].create({ ...plain(this.inputs), __provider: "code" });
    this.identity = id;
    this.outs = outs as Outputs;
    return this;
  }
  diff(inputs: Inputs = this.inputs) {
    return providers[this.kind].diff(this.identity, plain(this.outs), { ...plain(inputs), __provider: "code" });
  }
  /** What a refresh finds: gone, or whether something is to be done. */
  async refresh(): Promise<"gone" | "changes" | "same"> {
    const read = await providers[this.kind].read(this.identity, plain(this.outs));
    if (read.id === "") return "gone";
    this.outs = read.props as Outputs;
    return (await this.diff()).changes ? "changes" : "same";
  }
  async update(inputs: Inputs = this.inputs): Promise<this> {
    const { outs } = await providers[this.kind].update(this.identity, plain(this.outs), {
      ...plain(inputs),
      __provider: "code",
    });
    this.inputs = inputs;
    this.outs = outs as Outputs;
    return this;
  }
  delete(): Promise<void> {
    return providers[this.kind].delete(this.identity, plain(this.outs));
  }
}

// One key for all zones: the provider reads it from the environment, and tests run at the same time.
const key = "EXOtest";
const secret = "a-secret-of-the-test";

export const sshKeys = ed25519();

export type Environment = Awaited<ReturnType<typeof openEnvironment>>;

/** Masters that answer so to what `node/rollout/on-master.ts` sends; `calls` are the scripts' arguments. */
export async function fakeMasters(shell: Shell = () => ({ code: 0 })) {
  const node = await fakeNode(shell);
  return {
    target: node.target,
    calls: () => node.commands.map((command) => /^sudo bash -s (\S+)$/.exec(command)![1]),
    [Symbol.asyncDispose]: () => node[Symbol.asyncDispose](),
  };
}

/** A zone of its own, and makers of resources in it. Nothing is created yet. */
export async function openEnvironment(options: TestApiOptions = {}) {
  const directory = mkdtempSync(join(tmpdir(), "zone-"));
  writeFileSync(join(directory, "credentials"), `EXOSCALE_API_KEY=${key}\nEXOSCALE_API_SECRET=${secret}\n`);
  process.env.EXOSCALE_API_KEY = key;
  process.env.EXOSCALE_API_SECRET = secret;
  const zone = await startApi({ ...traits, ...options, state: directory });
  const api = { endpoint: zone.url, zone: zone.zone.name };
  const { state } = zone.zone;
  const token = () => randomUUID();

  const environment = {
    zone,
    api,
    state,

    template: (name = "kube-flatcar") =>
      new Resource<TemplateInputs>("template", {
        api,
        name,
        token: token(),
        url: "https://images.example/flatcar.qcow2",
        checksum: "0123456789abcdef0123456789abcdef",
        bootMode: "uefi",
        defaultUser: "core",
      }),
    sshKey: (name = "kube") =>
      new Resource<SshKeyInputs, SshKeyOutputs>("sshKey", { api, name, publicKey: `${sshKeys.public} core@kube` }),
    antiAffinityGroup: (name = "kube-masters") =>
      new Resource<GroupInputs>("antiAffinityGroup", { api, name, token: token() }),
    securityGroup: (name = "kube-masters") => new Resource<GroupInputs>("securityGroup", { api, name, token: token() }),
    rules: (securityGroup: string, rules: Rule[]) =>
      new Resource<SecurityGroupRulesInputs>("securityGroupRules", { api, securityGroup, rules }),
    elasticIp: (name = "kube-api") =>
      new Resource<ElasticIpInputs, ElasticIpOutputs>("elasticIp", {
        api,
        name,
        token: token(),
        labels: { cluster: "kube" },
        healthcheck: {
          mode: "https",
          port: 6443,
          uri: "/readyz",
          interval: 10,
          timeout: 3,
          strikesOk: 2,
          strikesFail: 3,
          tlsSkipVerify: true,
        },
      }),

    healthcheck: ({ id, inputs: { name } }: Resource<ElasticIpInputs, ElasticIpOutputs>, healthcheck: Healthcheck) =>
      new Resource<ElasticIpHealthcheckInputs>("elasticIpHealthcheck", { api, elasticIp: id, name, healthcheck }),

    /** All that an instance needs, made; and the maker of one. */
    async surroundings(name = "kube") {
      const template = environment.template(`${name}-flatcar`);
      const sshKey = environment.sshKey(name);
      const securityGroup = environment.securityGroup(`${name}-masters`);
      const antiAffinityGroup = environment.antiAffinityGroup(`${name}-masters`);
      const elasticIp = environment.elasticIp(`${name}-api`);
      const all = [template, sshKey, securityGroup, antiAffinityGroup, elasticIp];
      await Promise.all(all.map((each) => each.create()));
      const instance = (instanceName = `${name}-master-1`, more: Partial<InstanceInputs> = {}) =>
        new Resource<InstanceInputs, InstanceOutputs>("instance", {
          api,
          name: instanceName,
          token: token(),
          type: "standard.medium",
          template: template.id,
          diskSize: 50,
          sshKey: sshKey.id,
          securityGroups: [securityGroup.id],
          antiAffinityGroups: [antiAffinityGroup.id],
          elasticIps: [elasticIp.id],
          labels: { cluster: name },
          ...more,
        });
      return { all, template, sshKey, securityGroup, antiAffinityGroup, elasticIp, instance };
    },

    boot: (instance: string, more: Partial<BootInputs> = {}) =>
      new Resource<BootInputs, BootOutputs>("boot", {
        api,
        instance,
        name: state.instances.get(instance)?.name ?? "kube-master-1",
        userData: encodeUserData("#cloud-config\n# one\n"),
        kind: "master",
        group: `masters of ${api.endpoint}`,
        maxUnavailable: 1,
        waitFor: "instances",
        drainTimeout: 300,
        masters: { host: "127.0.0.1", port: 9, hostKey: sshKeys.public },
        ssh: { host: "127.0.0.1", port: 9, user: "core", privateKey: sshKeys.private, hostKey: sshKeys.public },
        ...more,
      }),

    /** An instance of a cluster, with a user-data of its own or still without. */
    async node(cluster: string, role: "master" | "worker", { booted = true } = {}) {
      const { instance } = await environment.surroundings(cluster);
      const made = await instance(`${cluster}-${role}-1`, { labels: { cluster, role } }).create();
      if (booted) await environment.boot(made.id).create();
      return made;
    },

    /** By hand, past the API. */
    edit(instance: string, change: object): void {
      state.write((write) => write.put("instances", { ...state.instances.get(instance)!, ...change }));
    },

    /** Names of all there is. */
    left: () => [
      ...[state.instances, state.templates, state.antiAffinityGroups, state.securityGroups].flatMap((table) =>
        [...table.values()].map(({ name }) => name),
      ),
      ...state.sshKeys.keys(),
      ...[...state.elasticIps.values()].map(({ description }) => description),
    ],

    async [Symbol.asyncDispose]() {
      await zone.close();
      rmSync(directory, { recursive: true });
    },
  };
  return environment;
}
