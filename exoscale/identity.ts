/**
 * The id that Pulumi keeps of a thing with an address: `UUID/ADDRESS`.
 *
 * In the preview of an update a dynamic resource's outputs are unknown, whatever the update is: after a renamed
 * instance, every certificate and every node that mentions its address would be shown as changed. Its id is known.
 */
export function withAddress(id: string, address: string | undefined): string {
  return address ? `${id}/${address}` : id;
}

/** The API's id. */
export function idOf(identity: string): string {
  return identity.split("/")[0]!;
}

/** The address, if it was known when the id was given. */
export function addressOf(identity: string): string | undefined {
  return identity.split("/")[1];
}

/** What makes an SSH key ours, since it can carry no creation token: its name and the key itself. */
export function keyMark(name: string, publicKey: string): string {
  return `${name} ${publicKey}`;
}
