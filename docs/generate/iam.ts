import document from "../../zone/api/exoscale.json" with { type: "json" };

/** Names of operations by method and path pattern, from Exoscale's own document. */
const operations = Object.entries(document.paths).flatMap(([path, methods]) =>
  Object.entries(methods).map(([method, { operationId }]) => ({
    name: operationId,
    method: method.toUpperCase(),
    pattern: new RegExp(`^${path.replace(/\{[^}]+\}/g, "[^/:]+")}$`),
  })),
);

/** The operation behind a call, as IAM names it. @param path Below `/v2`, without the query. */
export function operationOf(method: string, path: string): string {
  const found = operations.find((each) => each.method === method && each.pattern.test(path));
  if (!found) throw new Error(`${method} ${path} is no operation of zone/api/exoscale.json`);
  return found.name;
}

/** docs/iam-policy.json: the policy of a role whose key may do these operations and nothing else. */
export function iamPolicy(names: Iterable<string>): string {
  const list = [...new Set(names)]
    .sort()
    .map((name) => `'${name}'`)
    .join(", ");
  const rules = [{ action: "allow", expression: `operation in [${list}]` }];
  return `${JSON.stringify({ "default-service-strategy": "deny", services: { compute: { type: "rules", rules } } }, undefined, 2)}\n`;
}
