/** What somebody changes in the cloud's portal, past Pulumi. */
import type { Random } from "../../../zone/testing/random.ts";
import type { Json } from "../../../zone/testing/client.ts";
import type { ChaosSandbox } from "../sandbox.ts";
import type { Allowance } from "./instances.ts";

export interface ByHand {
  readonly name: string;
  /** What its repair may change. */
  readonly allows?: Allowance;
  do(hand: { zone: ChaosSandbox["zone"]; random: Random; instance: Json; group: Json }): Promise<unknown>;
}

const byHand: readonly ByHand[] = [
  {
    name: "an external source is added to a group",
    do: ({ zone, group }) =>
      zone.api.operate("PUT", `/security-group/${group.id}:add-source`, { cidr: "203.0.113.0/24" }),
  },
  {
    name: "a rule is added",
    do: ({ zone, group, random }) =>
      zone.api.operate("POST", `/security-group/${group.id}/rules`, {
        "flow-direction": "ingress",
        protocol: "tcp",
        "start-port": 8080,
        "end-port": random.int(8080, 8090),
        network: "0.0.0.0/0",
      }),
  },
  {
    name: "a rule is removed",
    do: ({ zone, group, random }) =>
      zone.api.operate("DELETE", `/security-group/${group.id}/rules/${random.pick<Json>(group.rules).id}`),
  },
  {
    name: "the template is deleted",
    async do({ zone }) {
      const { templates } = await zone.api.get("/template?visibility=private");
      await zone.api.operate("DELETE", `/template/${templates[0].id}`);
    },
  },
  {
    name: "the SSH key is deleted",
    async do({ zone }) {
      const [{ name }] = (await zone.api.get("/ssh-key"))["ssh-keys"];
      await zone.api.operate("DELETE", `/ssh-key/${name}`);
    },
  },
  {
    name: "the elastic IP is detached",
    async do({ zone }) {
      const { instances } = await zone.api.get("/instance");
      const { id } = instances.find(({ name }: Json) => name === "chaos-master-1");
      const [{ id: address }] = (await zone.api.get("/elastic-ip"))["elastic-ips"];
      await zone.api.operate("PUT", `/elastic-ip/${address}:detach`, { instance: { id } });
    },
  },
  {
    name: "an instance is stopped",
    do: ({ zone, instance }) => zone.api.operate("PUT", `/instance/${instance.id}:stop`, {}),
  },
  {
    name: "an instance gets another type",
    async do({ zone, instance }) {
      const types = (await zone.api.get("/instance-type"))["instance-types"];
      const { id } = types.find(({ family, size }: Json) => family === "standard" && size === "extra-large");
      await zone.api.operate("PUT", `/instance/${instance.id}:stop`, {});
      await zone.api.operate("PUT", `/instance/${instance.id}:scale`, { "instance-type": { id } });
      await zone.api.operate("PUT", `/instance/${instance.id}:start`, {});
    },
  },
  {
    name: "an instance is deleted",
    do: ({ zone, instance }) => zone.api.operate("DELETE", `/instance/${instance.id}`),
  },
  {
    name: "an instance is renamed",
    do: ({ zone, instance }) => zone.api.operate("PUT", `/instance/${instance.id}`, { name: "by-hand" }),
  },
  {
    name: "a label is removed",
    do: ({ zone, instance }) => zone.api.operate("PUT", `/instance/${instance.id}`, { labels: {} }),
  },
  {
    name: "user-data is changed",
    do: ({ zone, instance }) =>
      zone.api.operate("PUT", `/instance/${instance.id}`, {
        "user-data": Buffer.from("#cloud-config\nhostname: by-hand\n").toString("base64"),
      }),
  },
];

/** Does one thing by hand, to an instance or group that there is. @returns what, and what its repair may change */
export async function changeByHand(
  { zone }: ChaosSandbox,
  random: Random,
): Promise<{ readonly name: string; readonly allows: Allowance }> {
  const { instances } = await zone.api.get("/instance");
  const groups = (await zone.api.get("/security-group"))["security-groups"];
  // What a destroy left may be too little for any change.
  if (instances.length < 3 || groups.length < 3) return { name: "by hand: nothing", allows: {} };
  const instance = random.pick<Json>(instances);
  const { id } = random.pick<Json>(groups.filter(({ name }: Json) => name.startsWith("chaos-")));
  const { name, allows, do: change } = random.pick(byHand);
  await change({ zone, random, instance, group: await zone.api.get(`/security-group/${id}`) });
  const isGone = name === "an instance is deleted" || name === "an instance is renamed";
  return {
    name: `by hand: ${name} (${instance.name})`,
    allows: { ...allows, ...(isGone && { instances: [instance.name] }) },
  };
}
