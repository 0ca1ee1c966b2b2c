import { describe, expect, test } from "vitest";
import { faultOf, isMissingRoute, type Subject, unexpectedShape, wordsOf } from "../../src/pi/faults.ts";
import type { Answer, Endpoint, Wire } from "../../src/pi/request.ts";

const endpoint: Endpoint = {
  name: "Cabin",
  url: "https://pi.example.com",
  timeoutMs: 1000,
  fetch: () => Promise.reject(new Error("not to be used")),
};
const wire: Wire = { method: "POST", path: "/api/v1/clusters", query: { q: "canary" }, body: { name: "canary" } };
const about: Subject = { subject: "cluster 7" };

const answerOf = (status: number, body?: unknown): Answer => ({ status, body, retryAfterMs: undefined });
const faultFor = (status: number, body?: unknown, of = about) => faultOf(endpoint, wire, of, answerOf(status, body));

const said = (error: string, message: string) => ({ error, message });

describe("status and body become a type and a sentence", () => {
  test.each<[number, unknown, string, string]>([
    [
      400,
      said("Bad Request", "name is required"),
      "invalid_input",
      "refused the values for cluster 7. It said: name is required",
    ],
    [400, said("Bad", "no!"), "invalid_input", "It said: no!"],
    [400, said("Bad", "name is required"), "invalid_input", "It said: name is required."],
    [400, undefined, "invalid_input", 'Home "Cabin" refused the values for cluster 7.'],
    [422, said("Unprocessable", "too long"), "invalid_input", "It said: too long"],
    [401, said("Unauthorized", "Invalid or expired token"), "unauthorized", "no longer accepts this sign-in"],
    [403, said("Forbidden", "Requires admin role"), "forbidden", "(cluster 7). It said: Requires admin role"],
    [404, said("Not Found", "Cluster not found"), "not_found", 'Home "Cabin" has no cluster 7.'],
    [409, said("Conflict", "name taken"), "conflict", "cluster 7 conflicts with what is there. It said: name taken"],
    [426, said("HTTPS Required", "This API requires HTTPS"), "operation_failed", "wants HTTPS in front of it"],
    [429, said("Rate Limit Exceeded", "slow down"), "operation_failed", "is being asked too often"],
    [
      500,
      said("Internal Server Error", "disk full"),
      "operation_failed",
      "failed (cluster 7, HTTP 500). It said: disk full",
    ],
    [500, undefined, "operation_failed", 'Home "Cabin" failed (cluster 7, HTTP 500).'],
    [
      501,
      said("Not Implemented", "not yet"),
      "operation_failed",
      "has no way to do this (cluster 7): its version lacks it",
    ],
    [502, undefined, "connection_failed", "failed (cluster 7, HTTP 502)"],
    [503, said("Service Unavailable", "agent down"), "connection_failed", "HTTP 503). It said: agent down"],
    [530, undefined, "connection_failed", "HTTP 530"],
    [418, said("Teapot", "no coffee"), "operation_failed", "HTTP 418). It said: no coffee"],
    [
      500,
      { error: "deprovisioning failed", code: "DEPROVISIONING_FAILED" },
      "operation_failed",
      "It said: deprovisioning failed",
    ],
  ])("%i %j is %s", (status, body, type, part) => {
    const fault = faultFor(status, body);
    expect(fault.type).toBe(type);
    expect(fault.message).toContain(part);
    expect(fault.message).toContain("Cabin");
    expect(fault.suggestions.length).toBeGreaterThan(0);
    expect(fault.details).toMatchObject({ statusCode: status, endpoint: "POST /api/v1/clusters" });
  });

  test.each([400, 409, 429])("%i says that nothing was changed", (status) => {
    expect(JSON.stringify(faultFor(status, said("Refused", "no")))).toContain("Nothing was changed.");
  });

  test.each([500, 502, 503])("%i does not: the state is to be looked at first", (status) => {
    const text = JSON.stringify(faultFor(status, said("Failed", "no")));
    expect(text).not.toContain("Nothing was changed");
    expect(text).toContain("Look at the state before trying again.");
  });

  test.each([
    [500, "gpio_failed"],
    [503, "gpio_failed"],
    [400, "invalid_input"],
    [403, "forbidden"],
    [404, "not_found"],
  ])("with a type of its own for failures, %i is %s", (status, type) => {
    const fault = faultFor(status, said("Word", "words"), { subject: "GPIO device 3", failure: "gpio_failed" });
    expect(fault.type).toBe(type);
  });

  test("a pin's write that failed may have switched it; a read has not", () => {
    const pin: Subject = { subject: "GPIO device 3", failure: "gpio_failed" };
    const adviceOf = (path: string) =>
      faultOf(endpoint, { method: "POST", path }, pin, answerOf(500)).suggestions.join(" ");
    expect(adviceOf("/api/v1/gpio/3/write")).toMatch(/not known whether the pin was switched.*read_gpio_pin/);
    expect(adviceOf("/api/v1/gpio/3/read")).not.toContain("switched");
  });
});

describe("a 404 is of a route or of a thing", () => {
  test.each<[string, Answer, boolean]>([
    ["a released controller's unknown route", answerOf(404, { error: "API endpoint not found" }), true],
    ["the same with a message", answerOf(404, said("API endpoint not found", "no")), true],
    ["the first release's plain text", answerOf(404), true],
    ["an error without words", answerOf(404, { error: "not here" }), true],
    ["nothing in JSON", answerOf(404, {}), true],
    ["some proxy's JSON", answerOf(404, ["not found"]), true],
    ["a stub", answerOf(501, said("Not Implemented", "Node list endpoint not yet implemented")), true],
    ["a missing thing", answerOf(404, said("Not Found", "Cluster not found")), false],
    ["a missing node of the provisioning routes", answerOf(404, { error: "node not found", code: "NOT_FOUND" }), false],
    ["success", answerOf(200, { error: "API endpoint not found" }), false],
    ["another refusal without words", answerOf(400, {}), false],
    ["a failure", answerOf(500), false],
  ])("%s", (_, answer, missing) => {
    expect(isMissingRoute(answer)).toBe(missing);
    if (missing) expect(faultFor(answer.status, answer.body).message).toContain("its version lacks it");
  });
});

describe("the home's own words", () => {
  test.each<[unknown, string]>([
    [said("Conflict", "Cluster exists"), "Cluster exists"],
    [{ error: "deprovisioning failed", code: "DEPROVISIONING_FAILED" }, "deprovisioning failed"],
    [{ error: "API endpoint not found" }, "API endpoint not found"],
    [{}, ""],
    [undefined, ""],
    [null, ""],
    ["text", ""],
    [["text"], ""],
    [{ error: 5 }, ""],
    [{ message: { nested: "secret" } }, ""],
  ])("of %j are %j", (body, words) => {
    expect(wordsOf(answerOf(500, body))).toBe(words);
    expect(faultFor(500, body).details?.originalError).toBe(words === "" ? undefined : words);
  });

  test.each([
    "ssh: password=hunter2-canary rejected",
    'ssh: {"password": "hunter2-canary"} rejected',
    "join with K10aabbccddeeff00112233::server:hunter2-canary",
    "bad token eyJhbGciOiJIUzI1NiJ9.hunter2-canary.hunter2-canary",
  ])("lose their secrets: %s", (message) => {
    for (const status of [400, 403, 409, 500, 503]) {
      const text = JSON.stringify(faultFor(status, said("Failed", message)));
      expect(text).not.toContain("canary");
      expect(text).toContain("[removed]");
    }
  });

  test("are all that is taken from the body, and nothing of what was sent is shown", () => {
    const text = JSON.stringify(faultFor(500, { ...said("Failed", "no"), stack: "canary", code: "canary" }));
    expect(text).not.toContain("canary");
  });

  test("are kept short", () => {
    expect(faultFor(500, said("Failed", "x".repeat(5000))).message.length).toBeLessThan(400);
  });
});

describe("what is not there", () => {
  test.each([
    ["cluster 7", "list_clusters"],
    ["nodes of cluster 7", "list_clusters"],
    ['pod "web" in cluster 7', "list_clusters"],
    ["node 4", "discover_nodes"],
    ["GPIO device 15", "list_gpio_devices"],
    ["the controller's own reservation of GPIO device 15", "list_gpio_devices"],
    ["certificate 3", "list_certificates"],
    ["cluster 7, or one of the nodes 1, 2", "list_clusters or discover_nodes"],
    ["readiness", "List what there is first"],
  ])("%s is listed by a tool that is named", (subject, tool) => {
    const fault = faultFor(404, said("Not Found", "gone"), { subject });
    expect(fault.message).toBe(`Home "Cabin" has no ${subject}.`);
    expect(fault.suggestions.join(" ")).toContain(tool);
  });

  test("is named when something was to be made of it", () => {
    const fault = faultFor(404, said("Not Found", "Node not found"), { subject: 'a new node "x"', needs: "cluster 7" });
    expect(fault).toMatchObject({
      type: "not_found",
      message: 'Home "Cabin" did not make a new node "x": it has no cluster 7.',
      suggestions: ["Use an id from list_clusters."],
    });
  });

  test("is not guessed when something was to be made of nothing", () => {
    const fault = faultFor(404, said("Not Found", "Cluster not found"), { subject: 'a new cluster "x"', needs: null });
    expect(fault.message).toBe(
      'Home "Cabin" did not make a new cluster "x": it says that something is missing. It said: Cluster not found.',
    );
  });
});

test("an answer of another shape names where, and not what", () => {
  const fault = unexpectedShape(endpoint, wire, answerOf(200, { data: "canary" }), "cluster 7: data expected array");
  expect(fault.toJSON()).toStrictEqual({
    type: "operation_failed",
    message:
      'The pi-controller of home "Cabin" answered in a form that is not understood (cluster 7: data expected array). ' +
      "It is not known whether the change was made: read the state before trying again.",
    details: { statusCode: 200, endpoint: "POST /api/v1/clusters" },
    suggestions: [expect.stringContaining("version")],
  });
});
