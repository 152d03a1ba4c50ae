export { createMachines, type MachinesOptions } from "./docker.ts";
export { noMachines } from "./none.ts";
