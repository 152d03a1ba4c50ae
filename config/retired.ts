import { kubernetes } from "../versions.ts";

/**
 * Settings of earlier releases by name. A stack may still have them where their value changes nothing.
 * @returns what is wrong with a value, and what to do
 */
export const retired: Readonly<Record<string, (value: string) => string | undefined>> = {
  kubernetesVersion: (value) =>
    ["", kubernetes].includes(value)
      ? undefined
      : `this checkout makes clusters of ${kubernetes}; take the checkout of ${value}, or pulumi config rm kubernetesVersion`,
};
