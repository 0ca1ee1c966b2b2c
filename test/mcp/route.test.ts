import { expect, test } from "vitest";
import { wholeAnswer } from "../../src/mcp/answer.ts";
import { serveMcp } from "../../src/mcp/route.ts";
import type { Session, SessionRequest } from "../../src/mcp/session.ts";
import { callerWith } from "../support/protocol.ts";

test("of a request's headers a session gets those that the protocol looks at, and no token", async () => {
  const served: SessionRequest[] = [];
  const session = {
    serve: async (request: SessionRequest) => {
      served.push(request);
      return wholeAnswer(200, {}, "{}");
    },
  };
  const request = new Request("https://pimcp.example/mcp", {
    method: "POST",
    body: '{"jsonrpc":"2.0","id":1,"method":"tools/list"}',
    headers: {
      authorization: "Bearer secret",
      cookie: "signed-in=yes",
      accept: "application/json",
      "content-type": "application/json",
      "mcp-protocol-version": "2026-07-28",
      "Mcp-Method": "tools/list",
      "Mcp-Param-Region": "=?base64?SGVsbG8=?=",
      "X-Forwarded-For": "192.0.2.1",
    },
  });
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion
  const sessions = { getByName: () => session as unknown as DurableObjectStub<Session> };
  await serveMcp(request, callerWith("viewer"), {
    sessions,
    ids: { give: async () => "", isOf: async () => true },
    stepUp: () => new Response(null, { status: 403 }),
  });
  expect(served.map(({ headers }) => Object.fromEntries(headers))).toStrictEqual([
    {
      accept: "application/json",
      "content-type": "application/json",
      "mcp-protocol-version": "2026-07-28",
      "mcp-method": "tools/list",
      "mcp-param-region": "=?base64?SGVsbG8=?=",
    },
  ]);
});
