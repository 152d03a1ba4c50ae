import type Docker from "dockerode";
import { removeNetworks } from "./bridge.ts";
import { labels } from "./container.ts";
import { ignoreMissing } from "./power.ts";

/** Removes all that an engine has of a zone: machines, disks, templates, the network. */
export async function removeEverything(docker: Docker, zone: string, network: string): Promise<void> {
  const filters = { label: [`${labels.zone}=${zone}`] };
  const all = await docker.listContainers({ all: true, filters });
  await Promise.all(all.map(({ Id }) => docker.getContainer(Id).remove({ force: true, v: true }).catch(ignoreMissing)));
  const { Volumes } = await docker.listVolumes({ filters });
  for (const { Name } of Volumes ?? []) await docker.getVolume(Name).remove({ force: true });
  for (const { Id } of await docker.listImages({ filters })) await docker.getImage(Id).remove({ force: true });
  await removeNetworks(docker, zone, network);
}
