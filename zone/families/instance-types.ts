/** The instance types that the zone offers: Exoscale's, with their ids. */
import { badRequest, forbidden, notFound } from "../api/errors.ts";
import type { Schema } from "../api/schema.ts";
import type { Zone } from "../api/zone.ts";

export interface InstanceType {
  readonly id: string;
  readonly family: NonNullable<Schema<"instance-type">["family"]>;
  readonly size: NonNullable<Schema<"instance-type">["size"]>;
  readonly cpus: number;
  /** Bytes. */
  readonly memory: number;
  /** False: exists, but this organization must request access first. A zone's settings may name others. */
  readonly authorized: boolean;
}

const MiB = 2 ** 20;
const GiB = 2 ** 30;

const type = (id: string, name: string, cpus: number, memory: number): InstanceType => {
  const [family, size] = name.split(".") as [InstanceType["family"], InstanceType["size"]];
  return { id, family, size, cpus, memory, authorized: true };
};

export const INSTANCE_TYPES: readonly InstanceType[] = [
  type("71004023-bb72-4a97-b1e9-bc66dfce9470", "standard.micro", 1, 512 * MiB),
  type("b6cd1ff5-3a2f-4e9d-a4d1-8988c1191fe8", "standard.tiny", 1, 1 * GiB),
  type("21624abb-764e-4def-81d7-9fc54b5957fb", "standard.small", 2, 2 * GiB),
  type("b6e9d1e8-89fc-4db3-aaa4-9b4c5b1d0844", "standard.medium", 2, 4 * GiB),
  type("c6f99499-7f59-4138-9427-a09db13af2bc", "standard.large", 4, 8 * GiB),
  type("350dc5ea-fe6d-42ba-b6c0-efb8b75617ad", "standard.extra-large", 4, 16 * GiB),
  type("a216b0d1-370f-4e21-a0eb-3dfc6302b564", "standard.huge", 8, 32 * GiB),
  type("c0d3fb5d-6fdb-4a63-9361-3e5cfa8b36d0", "standard.mega", 12, 64 * GiB),
  type("74bfaf4e-7d67-4adf-9322-12b9a36e84f7", "standard.titan", 16, 128 * GiB),
  type("011a5079-845d-467b-a660-8685dad1cb67", "standard.jumbo", 24, 225 * GiB),
  type("221d39c3-b2b9-4014-b32b-5d262f684eff", "cpu.extra-large", 8, 16 * GiB),
  type("68c91810-55ed-4685-9771-00d9adf7b7c0", "cpu.huge", 16, 32 * GiB),
  type("c2f204df-29fc-4c20-b5c4-bdb21282cecc", "cpu.mega", 32, 64 * GiB),
  type("e1ae0088-27fd-4185-a057-075ea0b0aa02", "cpu.titan", 40, 128 * GiB),
  type("dd6abc94-337f-4732-baff-ed745f8bd4f5", "memory.extra-large", 2, 16 * GiB),
  type("efbf55db-01c9-4c73-973f-cecc4d26dcde", "memory.huge", 4, 32 * GiB),
  type("306eeeae-38e9-4add-897b-4eff0b019a6d", "memory.mega", 8, 64 * GiB),
  type("68a4780f-cc91-4df6-a735-d679318289bc", "memory.titan", 16, 128 * GiB),
  { ...type("8a52e80d-b1d0-4efb-8059-a931fa33c5a1", "standard.colossus", 40, 320 * GiB), authorized: false },
];

export const typeById = (id: string | undefined): InstanceType | undefined =>
  INSTANCE_TYPES.find((type) => type.id === id);

export const typeByName = (name: string): InstanceType | undefined =>
  INSTANCE_TYPES.find((type) => `${type.family}.${type.size}` === name);

export const isAuthorized = ({ settings }: Zone, { authorized, family, size }: InstanceType): boolean =>
  authorized && !settings.unauthorizedTypes.includes(`${family}.${size}`);

/** The largest disk of a size, in GiB: https://community.exoscale.com/product/compute/instances/overview */
const LARGEST_DISK: Readonly<Record<InstanceType["size"], number>> = {
  micro: 200,
  tiny: 400,
  small: 400,
  medium: 400,
  large: 400,
  "extra-large": 800,
  huge: 800,
  mega: 800,
  titan: 1600,
  titan48c: 1600,
  jumbo: 1600,
  colossus: 1600,
};

/** @throws ApiError 400 for a disk, in GiB, that the type does not have */
export function refuseLargerDisk({ family, size }: InstanceType, diskSize: number): void {
  const limit = LARGEST_DISK[size];
  if (diskSize > limit)
    throw badRequest(`Invalid disk-size: ${diskSize} GiB, and Instance Type ${family}.${size} has at most ${limit}`);
}

/** @throws ApiError 404 for an unknown type, 403 for one that this organization may not use. */
export function authorizedType(zone: Zone, id: string | undefined): InstanceType {
  if (id === undefined) throw badRequest("Invalid request: the id of the Instance Type is missing");
  const type = typeById(id);
  if (type === undefined) throw notFound(`Instance Type ${id} not found`);
  if (!isAuthorized(zone, type))
    throw forbidden(`Instance Type ${type.family}.${type.size} is not authorized for this organization`);
  return type;
}
