import document from "../../zone/api/exoscale.json" with { type: "json" };

const paths: Readonly<Record<string, Readonly<Record<string, { readonly operationId: string }>>>> = document.paths;

/** Exoscale's operations, with a pattern of their paths. */
const operations = Object.entries(paths).flatMap(([path, methods]) =>
  Object.entries(methods).map(([method, { operationId }]) => ({
    name: operationId,
    method: method.toUpperCase(),
    pattern: new RegExp(`^${path.replace(/\{[^}]+\}/g, "[^/:]+")}$`),
  })),
);

/** The name that IAM uses for a call's operation. @param path below `/v2`, without the query */
export function operationOf(method: string, path: string): string {
  const found = operations.find((each) => each.method === method && each.pattern.test(path));
  if (!found) throw new Error(`zone/api/exoscale.json has no operation ${method} ${path}`);
  return found.name;
}

/** docs/iam-policy.json: the policy of a role that allows these operations and nothing else. */
export function iamPolicy(names: Iterable<string>): string {
  const list = [...new Set(names)]
    .sort()
    .map((name) => `'${name}'`)
    .join(", ");
  const rules = [{ action: "allow", expression: `operation in [${list}]` }];
  return `${JSON.stringify({ "default-service-strategy": "deny", services: { compute: { type: "rules", rules } } }, undefined, 2)}\n`;
}
