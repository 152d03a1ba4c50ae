import { isDeepStrictEqual } from "node:util";
import { setTimeout as sleep } from "node:timers/promises";
import type { ElasticIp, HealthCheck, Instance, Inventory } from "../types.ts";
import { holdersOf } from "./elastic.ts";
import { probe } from "./probe.ts";

/** A running health check of one holder, for one elastic IP. */
interface Check {
  readonly settings: HealthCheck;
  readonly address: string;
  readonly stop: AbortController;
  healthy: boolean;
}

export interface HealthOptions {
  /** Source address of the checks. */
  readonly from: string;
  /** Called when a holder becomes healthy or unhealthy. */
  readonly onChange: () => void;
  readonly log: (line: string) => void;
}

/**
 * Checks every running holder of every managed elastic IP, each at its own interval. A holder is unhealthy until its
 * first good answer. From then on `strikesFail` bad answers in a row make it unhealthy, and `strikesOk` good ones healthy
 * again. The state of a holder that stops running is dropped.
 */
export class HealthChecks {
  readonly #checks = new Map<string, Check>();
  readonly #options: HealthOptions;

  constructor(options: HealthOptions) {
    this.#options = options;
  }

  /** Starts and ends checks to match the inventory. */
  follow(inventory: Inventory): void {
    const wanted = new Set<string>();
    for (const elasticIp of inventory.elasticIps.values()) {
      const settings = elasticIp.healthcheck;
      if (settings === undefined) continue;
      for (const holder of holdersOf(inventory, elasticIp).filter(({ state }) => state === "running")) {
        const key = keyOf(elasticIp, holder);
        wanted.add(key);
        const check = this.#checks.get(key);
        if (check !== undefined && isDeepStrictEqual(check.settings, settings)) continue;
        // Changed settings do not make a holder unhealthy: the new check starts with the result of the old one.
        check?.stop.abort();
        const next = {
          settings,
          address: holder.address,
          stop: new AbortController(),
          healthy: check?.healthy ?? false,
        };
        this.#checks.set(key, next);
        void this.#run(next, elasticIp, holder, check === undefined);
      }
    }
    for (const key of [...this.#checks.keys()].filter((key) => !wanted.has(key))) {
      this.#checks.get(key)?.stop.abort();
      this.#checks.delete(key);
    }
  }

  readonly healthy = (elasticIp: ElasticIp, holder: Instance): boolean =>
    this.#checks.get(keyOf(elasticIp, holder))?.healthy ?? false;

  close(): void {
    for (const { stop } of this.#checks.values()) stop.abort();
    this.#checks.clear();
  }

  async #run(check: Check, elasticIp: ElasticIp, holder: Instance, fresh: boolean): Promise<void> {
    const { interval, strikesOk, strikesFail } = check.settings;
    const { signal } = check.stop;
    let against = 0;
    let first = fresh;
    while (!signal.aborted) {
      const next = Date.now() + interval * 1000;
      const good = await probe(check.settings, check.address, this.#options.from, signal);
      if (signal.aborted) return;
      against = good === check.healthy ? 0 : against + 1;
      if (against > 0 && against >= (first ? 1 : good ? strikesOk : strikesFail)) {
        check.healthy = good;
        against = 0;
        this.#options.log(
          `elastic IP ${elasticIp.address}: ${holder.name} (${check.address}) is ${good ? "healthy" : "unhealthy"}`,
        );
        this.#options.onChange();
      }
      first &&= !check.healthy;
      await sleep(Math.max(0, next - Date.now()), undefined, { signal }).catch(() => {});
    }
  }
}

const keyOf = (elasticIp: ElasticIp, holder: Instance): string => `${elasticIp.id} ${holder.id}`;
