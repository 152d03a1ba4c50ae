/** Creates machines, switched off and with a fresh disk. */
import type { Instance, Template } from "../types.ts";
import { containerOptions, labels } from "./container.ts";
import { containerOf, type Context } from "./context.ts";
import { removeMachine } from "./destroy.ts";
import { ignoreConflict, ignoreMissing } from "./responses.ts";
import { imageName } from "./template.ts";

/**
 * Creates the machine of an instance, unless it exists.
 *
 * @param image the image's reference or id, by default the template's
 * @throws Error if a container that is not this zone's has its name
 */
export async function createMachine(
  context: Context,
  instance: Instance,
  template: Template,
  image = imageName(template),
): Promise<void> {
  const { docker, settings } = context;
  const request = containerOptions(settings, instance, image);
  await docker.createContainer(request).catch(async (error: unknown) => {
    ignoreConflict(error);
    const { Config } = await containerOf(context, instance.id).inspect();
    if (Config.Labels[labels.zone] === settings.zone && Config.Labels[labels.instance] === instance.id) return;
    throw new Error(
      `the container ${request.name} is not this zone's: remove it with \`docker rm --force ${request.name}\``,
      { cause: error },
    );
  });
}

/** Cuts the machine's power and gives it a fresh disk from the template. */
export async function resetMachine(context: Context, instance: Instance, template: Template): Promise<void> {
  const image = await imageFor(context, instance, template);
  await removeMachine(context, instance.id);
  await createMachine(context, instance, template, image);
}

/** Id of the template's image; of the machine's current one if the template was deleted in the meantime. */
async function imageFor(context: Context, { id }: Instance, template: Template): Promise<string> {
  const { Image } = await containerOf(context, id).inspect();
  const found = await context.docker
    .getImage(imageName(template))
    .inspect()
    .catch((error: unknown) => ignoreMissing(error));
  return found?.Id ?? Image;
}
