import { availableParallelism } from "node:os";
import { defineConfig } from "vitest/config";

const exclude = ["node_modules/**", ".local/**"];
const cluster = "test/cluster/**/*.test.ts";
const sandbox = ["test/*.host.test.ts", "test/{chaos,compatibility}/**/*.host.test.ts"];

export default defineConfig({
  test: {
    projects: [
      // A minute, anywhere, as any user: npm run test:unit, with the next.
      {
        test: {
          name: "unit",
          include: ["**/*.test.ts"],
          exclude: [...exclude, "**/*.host.test.ts", cluster],
          // For what hangs: a loaded machine, or one call in ten that goes wrong, is no failure.
          testTimeout: 300_000,
          hookTimeout: 300_000,
          // Most of them wait most of the time.
          maxWorkers: Math.max(6, availableParallelism()),
        },
      },
      // Again, in a zone of the profile that they are given: test/provider/environment.ts.
      {
        test: {
          name: "strict",
          include: ["test/provider/{boot,changes,claim,cluster-origin,lives,replace}.test.ts"],
          exclude,
          provide: { profile: "strict" },
          testTimeout: 300_000,
          hookTimeout: 300_000,
          maxWorkers: Math.max(6, availableParallelism()),
        },
      },
      // Pulumi's own engine, which takes time: each stack in a sandbox without machines, so several files at once.
      {
        test: {
          name: "sandbox",
          include: sandbox,
          exclude,
          testTimeout: 300_000,
          hookTimeout: 300_000,
          maxWorkers: availableParallelism(),
        },
      },
      // Root, Docker, nft, or time: one file after the other, since they share this machine's network.
      {
        test: {
          name: "host",
          include: ["**/*.host.test.ts"],
          exclude: [...exclude, ...sandbox],
          fileParallelism: false,
          testTimeout: 120_000,
          hookTimeout: 300_000,
        },
      },
      // The whole product in the local zone: each test needs the one before.
      {
        test: {
          name: "cluster",
          include: [cluster],
          exclude,
          fileParallelism: false,
          bail: 1,
          testTimeout: 900_000,
          hookTimeout: 1_800_000,
        },
      },
    ],
  },
});
