/** The addresses of a private network. */
import { dhcpServerAddress } from "../addresses.ts";
import { isHostIn, networkOf, prefixOf, toNumber, toText } from "../ipv4.ts";
import type { AddressRange } from "../types.ts";
import { badRequest, conflict } from "../api/errors.ts";

/**
 * The range that a request asks for; undefined if it names none of the three fields.
 *
 * @throws ApiError 400 unless there are all three, and the range lies inside one network of that netmask
 */
export function rangeFrom(
  start: string | undefined,
  end: string | undefined,
  netmask: string | undefined,
): AddressRange | undefined {
  if (start === undefined && end === undefined && netmask === undefined) return undefined;
  if (start === undefined || end === undefined || netmask === undefined) {
    throw badRequest("Invalid request", [
      "start-ip, end-ip and netmask go together: give all three, or none for an unmanaged network",
    ]);
  }
  if (prefixOf(netmask) === undefined) {
    throw badRequest("Invalid request", [`netmask ${netmask} is not valid: give one like 255.255.255.0`]);
  }
  const range = { start, end, netmask };
  if (toNumber(start) > toNumber(end))
    throw badRequest("Invalid request", [`start-ip ${start} is higher than end-ip ${end}`]);
  for (const [name, address] of [
    ["start-ip", start],
    ["end-ip", end],
  ] as const) {
    if (!isHost(range, address)) {
      throw badRequest("Invalid request", [
        `${name} ${address} is not a host address in the network of ${start} and ${netmask}`,
      ]);
    }
  }
  return range;
}

/**
 * Whether an address can be leased: any host address of the network that the range lies in, also outside the range, but
 * not the DHCP server's.
 */
export const isLeasable = (range: AddressRange, address: string): boolean =>
  isHost(range, address) && address !== dhcpServerAddress(range);

const isHost = ({ start, netmask }: AddressRange, address: string): boolean =>
  isHostIn(networkOf(start, netmask), address);

/**
 * The lowest address of the range that is not taken.
 *
 * @throws ApiError 409 when all are
 */
export function nextFree(range: AddressRange, taken: ReadonlySet<string>): string {
  for (let number = toNumber(range.start); number <= toNumber(range.end); number++) {
    const address = toText(number);
    if (!taken.has(address) && isLeasable(range, address)) return address;
  }
  throw conflict(`No address left between ${range.start} and ${range.end}`);
}
