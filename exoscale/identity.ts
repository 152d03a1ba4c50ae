/**
 * The id of a resource with an address in Pulumi's state: `UUID/ADDRESS`.
 *
 * In the preview of any update, a dynamic resource's outputs are unknown and its id is known. With the address as an output
 * only, a preview would show everything that uses it as changed.
 */
export function withAddress(id: string, address: string | undefined): string {
  return address ? `${id}/${address}` : id;
}

/** The API's id. */
export function idOf(identity: string): string {
  return identity.split("/")[0]!;
}

/** The address, or undefined if it was not known when the resource was created. */
export function addressOf(identity: string): string | undefined {
  return identity.split("/")[1];
}

/** The creation token of an SSH key, which can carry no other: its name and the key itself. */
export function keyToken(name: string, publicKey: string): string {
  return `${name} ${publicKey}`;
}
