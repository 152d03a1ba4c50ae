import { schema } from "../../config/schema.ts";

/**
 * EUR per hour without VAT, from the price list in Exoscale's Karpenter provider. The list has the same numbers for CHF and
 * USD. A disk's price is per GiB, `volume` in the list.
 */
const prices = {
  date: "2025-08-22",
  source:
    "https://github.com/exoscale/karpenter-provider-exoscale/blob/cf7165a2bc6fcaa4c4159e542d6802f8f5df451f/pkg/providers/instancetype/prices.json",
  instances: {
    "standard.medium": 0.04666,
    "standard.extra-large": 0.18667,
  } as Readonly<Record<string, number>>,
  disk: 0.00014,
  elasticIp: 0.01389,
};

/** Hours of a month: 365 x 24 / 12. */
const month = 730;

interface Sizes {
  readonly masters: number;
  readonly masterType: string;
  readonly masterDisk: number;
  readonly desiredWorkers: number;
  readonly workerType: string;
  readonly workerDisk: number;
}

interface Item {
  readonly what: string;
  readonly number: number;
  /** EUR. */
  readonly perHour: number;
}

/** The settings' defaults. */
const defaults = Object.fromEntries(
  (["masters", "masterType", "masterDisk", "desiredWorkers", "workerType", "workerDisk"] as const).map((name) => [
    name,
    schema.shape[name].parse(undefined),
  ]),
) as unknown as Sizes;

function items({ masters, masterType, masterDisk, desiredWorkers, workerType, workerDisk }: Sizes): Item[] {
  return [
    { what: `masters, ${masterType}`, number: masters, perHour: price(masterType) },
    { what: `workers, ${workerType}`, number: desiredWorkers, perHour: price(workerType) },
    { what: "GiB of disk", number: masters * masterDisk + desiredWorkers * workerDisk, perHour: prices.disk },
    { what: "elastic IP", number: 1, perHour: prices.elasticIp },
  ];
}

function price(type: string): number {
  const found = prices.instances[type];
  if (found === undefined) throw new Error(`docs/generate/costs.ts has no price for ${type}`);
  return found;
}

const sum = (sizes: Sizes): number =>
  items(sizes).reduce((total, { number, perHour }) => total + number * perHour * month, 0);
const euros = (amount: number): string => amount.toFixed(2);

/** Price of a month with the default sizes, EUR, rounded. */
export const defaultMonth = Math.round(sum(defaults));

/** docs/costs.md. */
export function costsPage(): string {
  const rows = items(defaults).map(
    ({ what, number, perHour }) => `| ${what} | ${number} | ${perHour} | ${euros(number * perHour * month)} |`,
  );
  const others: [string, Partial<Sizes>][] = [
    ["one master, one worker", { masters: 1, desiredWorkers: 1 }],
    ["ten workers", { desiredWorkers: 10 }],
    ["ten workers, `workerType` standard.extra-large", { desiredWorkers: 10, workerType: "standard.extra-large" }],
  ];
  return [
    "# Costs",
    "",
    `Price of a month (${month} hours) with the default sizes, in EUR without VAT, computed from the defaults in \`config/schema.ts\` and`,
    `a [price list of ${prices.date}](${prices.source})`,
    "in one of Exoscale's repositories. For current prices see [Exoscale's pricing page](https://www.exoscale.com/pricing/).",
    "",
    "| what | how many | EUR per hour | EUR per month |",
    "|---|---:|---:|---:|",
    ...rows,
    `| **total** | | | **${euros(sum(defaults))}** |`,
    "",
    "Not included: outgoing traffic, and the storage of the registered template. Exoscale bills a worker for the time it exists.",
    "",
    "| other sizes, the rest by default | EUR per month |",
    "|---|---:|",
    ...others.map(([what, change]) => `| ${what} | ${euros(sum({ ...defaults, ...change }))} |`),
    "",
  ].join("\n");
}
