/** Run by cgroup2.host.test.ts in a mount namespace with cgroup v2: prints the answers of a machine's guest. */
import { createServer } from "node:http";
import { execa } from "execa";
import type { Instance, Template } from "../../types.ts";
import { createMachines, type MachinesOptions } from "../index.ts";

export interface Trial {
  readonly options: Omit<MachinesOptions, "log">;
  readonly template: Template;
  readonly archive: string;
  readonly md5: string;
  readonly one: Instance;
  /** Arguments of `docker` before a command in the guest. */
  readonly docker: readonly string[];
  /** Shell commands for the guest. */
  readonly questions: readonly string[];
}

const { options, template, archive, md5, one, docker, questions } = JSON.parse(process.argv[2]!) as Trial;
const machines = createMachines({ ...options, log: (line) => console.error(line) });
const inGuest = async (question: string): Promise<string> =>
  (await execa("docker", [...docker, "sh", "-c", question], { timeout: 60_000 })).stdout.trim();
try {
  await machines.open();
  // A machine waits for the metadata service, which has nothing for it here.
  createServer((_, response) => void response.writeHead(404).end()).listen(80, options.gateway);
  await machines.importTemplate(template, archive, md5);
  await machines.create(one, template);
  await machines.start(one);
  const answers: string[] = [];
  for (const question of questions) answers.push(await inGuest(question));
  // A frozen machine can be switched off and destroyed.
  await machines.pause(one);
  await machines.kill(one);
  await machines.start(one);
  await machines.pause(one);
  await machines.destroy(one);
  console.log(JSON.stringify(answers));
} finally {
  await machines.close({ remove: true });
}
process.exit(0);
