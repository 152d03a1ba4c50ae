import { expect, test } from "vitest";
import { phaseIn } from "./ours.ts";

test("recognizes the lines of `pulumi up` that end a phase", () => {
  const phases = [
    " +  pulumi-nodejs:dynamic/exoscale:Instance bench-master-1 created (3s) ",
    " +  pulumi-nodejs:dynamic/exoscale:Boot bench-worker-2 created (2s) ",
    " +  command:remote:Command bench-master-2-ready created (37s) node/bench-master-2 labeled",
    " +  command:remote:Command bench-api-ready created (2s) ",
    " +  command:remote:Command bench-worker-3-node created (1s) node/bench-worker-3 labeled",
    " +  kubernetes:apps/v1:Deployment bench-coredns created (5s) ",
  ].map(phaseIn);
  expect(new Set(phases).size).toBe(6);
  expect(phases).not.toContain(undefined);
});

test("ignores all other lines", () => {
  expect(
    [
      " +  pulumi-nodejs:dynamic/exoscale:Instance bench-master-1 creating (0s) ",
      " +  pulumi-nodejs:dynamic/exoscale:Claim bench-master-1-instance created (0.1s) ",
      " +  kubernetes:core/v1:ConfigMap bench-coredns created (0.2s) ",
    ].map(phaseIn),
  ).toEqual([undefined, undefined, undefined]);
});
