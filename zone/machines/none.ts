import type { Machines } from "../types.ts";

/** Machines that do not exist: every call succeeds immediately. For thousands of instances and for tests of the API. */
export function noMachines(): Machines {
  const callbacks: ((instanceId: string, state: "running" | "stopped") => void)[] = [];
  return {
    open: async () => {},
    importTemplate: async () => 10 * 1024 ** 3,
    deleteTemplate: async () => {},
    create: async () => {},
    start: async () => {},
    stop: async () => {},
    reboot: async () => {},
    reset: async () => {},
    destroy: async () => {},
    plug: async () => {},
    pause: async () => {},
    resume: async () => {},
    announceUpdate: async () => {},
    kill: async (instance) => {
      for (const callback of callbacks) callback(instance.id, "stopped");
    },
    consoleLog: async () => "",
    onChange: (callback) => void callbacks.push(callback),
    close: async () => {},
  };
}
