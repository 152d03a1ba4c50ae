/** Removes machines, templates, and in the end everything that an engine has of a zone. */
import type Docker from "dockerode";
import type { Template } from "../types.ts";
import { removeNetworks } from "./bridge.ts";
import { containerName } from "./container.ts";
import { containerOf, ofZone, type Context } from "./context.ts";
import { ignoreMissing } from "./responses.ts";
import { imageName } from "./template.ts";

/** Removes a machine and its disk, whether it exists or not. */
export async function removeMachine(context: Context, id: string): Promise<void> {
  const { docker, settings } = context;
  await containerOf(context, id).remove({ force: true, v: true }).catch(ignoreMissing);
  await docker.getVolume(containerName(settings, id)).remove().catch(ignoreMissing);
}

export async function destroyMachine(context: Context, id: string): Promise<void> {
  await removeMachine(context, id);
  await pruneImages(context);
}

/** Deletes a template. Its image remains, without a name, as long as a machine uses it. */
export async function deleteTemplate(context: Context, template: Template): Promise<void> {
  await context.docker.getImage(imageName(template)).remove({ force: true }).catch(ignoreMissing);
  await pruneImages(context);
}

/** Removes images of deleted templates that no machine uses any more. */
async function pruneImages({ docker, settings }: Context): Promise<void> {
  await docker.pruneImages({ filters: { dangling: ["true"], ...ofZone(settings.zone) } });
}

/** Removes everything that an engine has of a zone: machines, disks, templates, the network. */
export async function removeEverything(docker: Docker, zone: string, network: string): Promise<void> {
  const filters = ofZone(zone);
  const all = await docker.listContainers({ all: true, filters });
  await Promise.all(all.map(({ Id }) => docker.getContainer(Id).remove({ force: true, v: true }).catch(ignoreMissing)));
  const { Volumes } = await docker.listVolumes({ filters });
  for (const { Name } of Volumes ?? []) await docker.getVolume(Name).remove({ force: true });
  for (const { Id } of await docker.listImages({ filters })) await docker.getImage(Id).remove({ force: true });
  await removeNetworks(docker, zone, network);
}
