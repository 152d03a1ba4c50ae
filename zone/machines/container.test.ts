import { describe, expect, test } from "vitest";
import { containerOptions, hostname, memoryLimit, type Settings } from "./container.ts";
import { instanceWith } from "../testing/instance.ts";

const settings: Settings = {
  zone: "0123456789ab",
  network: "exozone",
  gateway: "198.18.0.1",
  dropCapabilities: ["SYS_TIME", "SYS_MODULE", "SYS_RAWIO", "SYS_RESOURCE"],
  limitMemory: true,
  firmware: "exec /sbin/init",
};
const instance = instanceWith({
  id: "8c1d7a1e-5f0b-4f0e-8d52-3d2a0c6f1b11",
  name: "dev-master-1",
  address: "198.18.1.1",
  mac: "0a:00:c6:12:01:01",
  diskSize: 50,
});

describe("an instance's container", () => {
  test("is this request", () => {
    expect(containerOptions(settings, instance, "exozone-template:t")).toMatchInlineSnapshot(`
      {
        "Cmd": [
          "8c1d7a1e-5f0b-4f0e-8d52-3d2a0c6f1b11",
          "198.18.0.1",
        ],
        "Entrypoint": [
          "/bin/sh",
          "-c",
          "exec /sbin/init",
          "firmware",
        ],
        "Env": [
          "container=docker",
          "container_uuid=8c1d7a1e-5f0b-4f0e-8d52-3d2a0c6f1b11",
          "TERM=dumb",
        ],
        "HostConfig": {
          "CapAdd": [
            "ALL",
          ],
          "CapDrop": [
            "SYS_TIME",
            "SYS_MODULE",
            "SYS_RAWIO",
            "SYS_RESOURCE",
          ],
          "CgroupnsMode": "private",
          "DeviceCgroupRules": [
            "a *:* rwm",
          ],
          "LogConfig": {
            "Config": {
              "max-file": "2",
              "max-size": "1m",
            },
            "Type": "json-file",
          },
          "MaskedPaths": [],
          "Memory": 4294967296,
          "MemorySwap": -1,
          "Mounts": [
            {
              "Source": "exozone-8c1d7a1e-5f0b-4f0e-8d52-3d2a0c6f1b11",
              "Target": "/var",
              "Type": "volume",
              "VolumeOptions": {
                "DriverConfig": {
                  "Name": "local",
                  "Options": {},
                },
                "Labels": {
                  "com.exoscale.instance": "8c1d7a1e-5f0b-4f0e-8d52-3d2a0c6f1b11",
                  "com.exoscale.zone": "0123456789ab",
                },
                "NoCopy": false,
              },
            },
          ],
          "NetworkMode": "exozone",
          "ReadonlyPaths": [],
          "RestartPolicy": {
            "Name": "no",
          },
          "SecurityOpt": [
            "seccomp=unconfined",
            "apparmor=unconfined",
          ],
          "Tmpfs": {
            "/run": "exec,mode=755",
            "/run/lock": "",
            "/tmp": "exec",
          },
        },
        "Hostname": "dev-master-1",
        "Image": "exozone-template:t",
        "Labels": {
          "com.exoscale.instance": "8c1d7a1e-5f0b-4f0e-8d52-3d2a0c6f1b11",
          "com.exoscale.zone": "0123456789ab",
        },
        "MacAddress": "0a:00:c6:12:01:01",
        "NetworkingConfig": {
          "EndpointsConfig": {
            "exozone": {
              "IPAMConfig": {
                "IPv4Address": "198.18.1.1",
              },
              "MacAddress": "0a:00:c6:12:01:01",
            },
          },
        },
        "StopSignal": "SIGRTMIN+5",
        "Tty": true,
        "name": "exozone-8c1d7a1e-5f0b-4f0e-8d52-3d2a0c6f1b11",
      }
    `);
  });

  test("without a public address has no network", () => {
    const { HostConfig, NetworkingConfig, MacAddress } = containerOptions(
      settings,
      { ...instance, address: null },
      "image",
    );
    expect([HostConfig.NetworkMode, NetworkingConfig, MacAddress]).toEqual(["none", undefined, undefined]);
  });

  test("is limited to its type's memory, where the host can, and never below what a node needs", () => {
    expect(memoryLimit(instance)).toBe(4 * 1024 ** 3);
    expect(memoryLimit({ ...instance, memory: 512 * 1024 ** 2 })).toBe(1536 * 1024 ** 2);
    expect(containerOptions({ ...settings, limitMemory: false }, instance, "image").HostConfig.Memory).toBeUndefined();
  });
});

test.each([
  ["dev-worker-1", "dev-worker-1"],
  ["Web Server #2", "web-server-2"],
  ["-._", "instance"],
  ["é", "instance"],
  [`${"a".repeat(62)}-b`, "a".repeat(62)],
])("the host name of %j is %j", (name, expected) => expect(hostname(name)).toBe(expected));
