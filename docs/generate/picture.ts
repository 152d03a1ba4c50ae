import { ports } from "../../ports.ts";
import { images, kubernetes } from "../../versions.ts";
import { toSVG, type Box } from "./svg.ts";

const version = (image: string): string => image.slice(image.lastIndexOf(":") + 1).replace(/^v/, "");

/** Three boxes side by side. */
const threeOf = (y: number, height: number, titles: readonly string[], lines: readonly string[]): Box[] =>
  titles.map((title, i) => ({ x: 46 + i * 296, y, width: 276, height, title, lines }));

const node = "kubelet, kube-proxy, flannel, locksmith";

/** docs/architecture.svg: what talks to what, with the ports and versions of the code. */
export function picture(): string {
  return toSVG({
    width: 960,
    height: 690,
    title: "The cluster: people and Pulumi, the elastic IP, three masters, any number of workers",
    boxes: [
      {
        x: 30,
        y: 24,
        width: 230,
        height: 84,
        title: "kubectl",
        lines: ["people and programs,", "with client certificates"],
      },
      {
        x: 365,
        y: 24,
        width: 230,
        height: 84,
        title: "Pulumi",
        lines: ["your machine or CI;", "its state has every key"],
      },
      {
        x: 700,
        y: 24,
        width: 230,
        height: 84,
        title: "Exoscale's API",
        lines: ["or the local zone's:", "only the address differs"],
      },
      {
        x: 30,
        y: 164,
        width: 480,
        height: 64,
        title: "elastic IP",
        lines: ["leads to any master whose /readyz answers"],
      },

      {
        x: 30,
        y: 290,
        width: 900,
        height: 166,
        title: "masters: kept, on different hosts, changed one at a time",
        isFrame: true,
      },
      ...threeOf(
        322,
        120,
        ["master-1", "master-2", "master-3"],
        [
          `apiserver, scheduler, controllers ${kubernetes}`,
          `kubernetes-etcd ${version(images.etcd)}`,
          `infra-etcd ${version(images.infraEtcd)}`,
          node,
        ],
      ),

      { x: 30, y: 530, width: 900, height: 136, title: "workers: any number, replaceable", isFrame: true },
      ...threeOf(562, 90, ["worker-1", "worker-2", "worker-3 …"], [`haproxy 127.0.0.1:${ports.haproxy}`, node, "pods"]),
    ],
    arrows: [
      { from: [145, 108], to: [145, 164], label: `HTTPS :${ports.apiserver}` },
      { from: [440, 108], to: [440, 164], label: `:${ports.apiserver}, :${ports.ssh}` },
      { from: [595, 66], to: [700, 66], label: "signed HTTPS" },
      { from: [560, 108], to: [560, 290], label: `SSH :${ports.ssh}, to every node` },
      { from: [815, 108], to: [815, 290], label: "user-data" },
      { from: [270, 228], to: [270, 290], label: `:${ports.apiserver}` },
      { from: [90, 530], to: [90, 456], label: `:${ports.apiserver}, to every apiserver` },
      { from: [320, 530], to: [320, 456], label: `:${ports.infraEtcdClient}, leases and the reboot lock` },
      { from: [590, 456], to: [590, 530], label: `:${ports.kubelet}, logs and exec` },
      { from: [780, 456], to: [780, 530], label: `:${ports.vxlan}/udp, pods`, isMutual: true },
    ],
  });
}
