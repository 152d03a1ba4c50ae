import type Docker from "dockerode";
import { containerName, labels, type Settings } from "./container.ts";

/** An engine that is ready for the zone's machines, and what all of them have in common. */
export interface Context {
  readonly docker: Docker;
  readonly settings: Settings;
}

/** The container of an instance, whether it exists or not. */
export const containerOf = ({ docker, settings }: Context, id: string): Docker.Container =>
  docker.getContainer(containerName(settings, id));

/** A filter for everything in the engine that belongs to a zone. */
export const ofZone = (zone: string): { label: string[] } => ({ label: [`${labels.zone}=${zone}`] });
