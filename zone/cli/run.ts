import { runZone } from "../daemon.ts";
import type { ZoneOptions } from "../options.ts";

/** The daemon's message to the process that started it. */
export type StartReport = { readonly url: string } | { readonly error: string };

const log = (line: string): void => console.log(`${new Date().toISOString()} ${line}`);

/** Runs the zone until a signal ends it; reports to the parent process, if there is one, how the start went. */
export async function run(options: ZoneOptions): Promise<void> {
  try {
    const zone = await runZone(options, log);
    for (const signal of ["SIGTERM", "SIGINT"] as const) {
      process.once(signal, () => {
        log(`${signal}: ending; instances stay as they are`);
        void zone.close().then(
          () => process.exit(0),
          (error: unknown) => {
            log(String(error));
            process.exit(1);
          },
        );
      });
    }
    report({ url: zone.api.zone.url });
  } catch (error) {
    log(`not started: ${(error as Error).stack}`);
    report({ error: (error as Error).message }, () => process.exit(1)); // even if something is still open
  }
}

function report(message: StartReport, then: () => void = () => {}): void {
  if (process.send === undefined) {
    if ("error" in message) console.error(`zone: ${message.error}`);
    then();
  } else {
    process.send(message, undefined, undefined, () => {
      process.disconnect?.();
      then();
    });
  }
}
