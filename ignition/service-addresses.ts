/** Services whose addresses are fixed, as kubeadm has them. */
import ipaddr from "ipaddr.js";

/** The address of the Service `kubernetes`, the API's: the first that the apiserver may give. */
export const apiServiceAddress = (serviceCIDR: string): string => addressIn(serviceCIDR, 1);

/** The address of the Service `kube-dns`, as kubelets tell every pod. */
export const dnsServiceAddress = (serviceCIDR: string): string => addressIn(serviceCIDR, 10);

/** @throws Error when the network is too small */
function addressIn(cidr: string, n: number): string {
  const [network, bits] = ipaddr.IPv4.parseCIDR(cidr);
  const bytes = Buffer.from(network.toByteArray());
  bytes.writeUInt32BE(bytes.readUInt32BE() + n);
  const address = new ipaddr.IPv4([...bytes]);
  if (!address.match(network, bits)) throw new Error(`${cidr} is too small for an address number ${n}`);
  return address.toString();
}
