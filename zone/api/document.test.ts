import { describe, expect, it } from "vitest";

import { loadDocument } from "./document.ts";
import { FAMILIES } from "../families/index.ts";
import type { Json } from "../testing/client.ts";

const load = (closed: boolean) => loadDocument({ zone: "local-1", closedAnswers: closed, closedRequests: false });

describe("the document", () => {
  it("says where it comes from and knows this zone", () => {
    const { info, components } = load(false).document as Json;
    expect(info).toMatchObject({
      "x-source": expect.stringContaining("egoscale"),
      "x-date": expect.stringMatching(/^\d{4}-\d\d-\d\d$/),
    });
    expect(components.schemas["zone-name"].enum).toContain("local-1");
  });

  it("has every route that the zone answers, under that name", () => {
    const { paths } = load(false).document;
    const names = Object.values(paths!)
      .flatMap((path) => Object.values(path!))
      .map((operation: Json) => operation.operationId);
    const routes = FAMILIES.flatMap(({ routes }) => routes.map(({ id }) => id));
    expect(routes.filter((name) => !names.includes(name))).toEqual([]);
    expect(new Set(routes).size).toBe(routes.length);
  });

  it("closes answers without closing requests", () => {
    const { components, paths } = load(true).document as Json;
    expect(components.schemas["answer.instance"].additionalProperties).toBe(false);
    expect(components.schemas.instance.additionalProperties).toBeUndefined();
    expect(paths["/instance/{id}"].get.responses[200].content["application/json"].schema.$ref).toBe(
      "#/components/schemas/answer.instance",
    );
    expect(components.schemas["answer.labels"].additionalProperties).toEqual({ type: "string" });
  });

  it("names routes that the zone has not", () => {
    const { otherRoute } = load(false);
    expect(otherRoute("GET", "/sks-cluster/abc")?.name).toBe("get-sks-cluster");
    expect(otherRoute("GET", "/dbaas-service")).toEqual({
      method: "GET",
      path: "/dbaas-service",
      name: "list-dbaas-services",
      tag: "dbaas",
      items: "dbaas-services",
    });
    expect(otherRoute("GET", "/abc")).toBeUndefined();
  });
});
