import { beforeAll, describe, expect, test } from "vitest";
import { ACCOUNTS } from "../support/accounts.ts";
import { connection, mcp, redeem, registered, registration, rpc, statusOf } from "../support/flow.ts";
import { ask, ORIGIN } from "../support/in-isolate.ts";

/** Two readers of one request must read the same; what is unclear is refused. Header and body: test/limits/worker/mcp.test.ts. */

let viewer = "";
beforeAll(async () => {
  viewer = (await connection(ACCOUNTS.viewer)).issued.access_token;
});

const WRITE = '"name":"write_gpio_pin","arguments":{"gpio_id":15,"value":1}';
const call = (params: string, rest = '"jsonrpc":"2.0","id":1,"method":"tools/call"') =>
  `{${rest},"params":{${params}}}`;

/** Whether an answer is a list of tools, or says that a pin was written. */
const worked = (text: string) =>
  text.includes('"tools":[') || (text.includes('"value":1') && !text.includes("isError"));

describe("JSON that reads differently to different readers", () => {
  test.each([
    ["the name twice, the harmless one first", call(`"name":"list_clusters",${WRITE}`)],
    ["the name escaped", call(WRITE.replace("write_gpio_pin", "write\\u005fgpio_pin"))],
    ["the key of the name escaped", call(WRITE.replace('"name"', '"n\\u0061me"'))],
    ["the method escaped", call(WRITE, '"jsonrpc":"2.0","id":1,"method":"tools\\/c\\u0061ll"')],
    [
      "the parameters twice",
      `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"list_clusters"},"params":{${WRITE}}}`,
    ],
    ["the method twice", `{"jsonrpc":"2.0","method":"tools/list","id":1,"method":"tools/call","params":{${WRITE}}}`],
    ["in a batch", `[${call(WRITE)}]`],
    ["with a byte order mark", `\uFEFF${call(WRITE)}`],
  ])("%s: a viewer does not get past their role", async (_, body) => {
    const response = await mcp(viewer, body);
    const text = await response.text();
    expect(worked(text)).toBe(false);
    expect(text).toMatch(/forbidden|needs the role|error/);
  });

  test.each([
    ["another case of the method", call(WRITE).replace('"method"', '"Method"')],
    ["another case of the tool", call('"name":"LIST_CLUSTERS","arguments":{}')],
    ["another case of the name", call('"Name":"list_clusters","arguments":{}')],
    ["another case of an argument", call('"name":"get_node_info","arguments":{"Node_Id":1}')],
    ["a look-alike of a letter", call('"name":"l\u0456st_clusters","arguments":{}')],
    ["a full-width letter", call('"name":"\uFF4Cist_clusters","arguments":{}')],
    ["a space in the tool", call('"name":"list_clusters ","arguments":{}')],
    ["a zero byte in the tool", call('"name":"list_clusters\\u0000","arguments":{}')],
    ["an argument that is unknown", call('"name":"list_clusters","arguments":{"home":"demo","role":"admin"}')],
    ["a number as text", call('"name":"get_node_info","arguments":{"node_id":"1"}')],
    ["a number with a fraction", call('"name":"get_node_info","arguments":{"node_id":1.0000001}')],
    ["a number too large to be exact", call('"name":"get_node_info","arguments":{"node_id":1e400}')],
    ["arguments as a list", call('"name":"list_clusters","arguments":[]')],
    ["a list as name", call('"name":["list_clusters"],"arguments":{}')],
    ["something after the end", `${rpc("tools/list")}{}`],
    ["two messages", `${rpc("tools/list")}\n${rpc("tools/list")}`],
    ["a comma too many", '{"jsonrpc":"2.0","id":1,"method":"tools/list",}'],
    ["a comment", '{"jsonrpc":"2.0","id":1,"method":"tools/list"}//'],
    ["single quotes", "{'jsonrpc':'2.0','id':1,'method':'tools/list'}"],
    ["a zero byte after the end", `${rpc("tools/list")}\u0000`],
    ["another version", '{"jsonrpc":"1.0","id":1,"method":"tools/list"}'],
    ["no version", '{"id":1,"method":"tools/list"}'],
    ["an object as id", '{"jsonrpc":"2.0","id":{},"method":"tools/list"}'],
    ["UTF-7", "+AHsAIg-jsonrpc+ACI-"],
  ])("%s is refused", async (_, body) => {
    const response = await mcp(viewer, body);
    const text = await response.text();
    expect(text).toMatch(/error|isError/i);
    expect(worked(text)).toBe(false);
    expect(text).not.toContain("its log");
  });

  test("UTF-16 is not taken for UTF-8", async () => {
    const text = rpc("tools/list");
    const bytes = new Uint8Array(Uint16Array.from(text, (sign) => sign.charCodeAt(0)).buffer);
    expect(await statusOf(mcp(viewer, bytes))).toBe(400);
  });
});

describe("the type of a body", () => {
  test.each([
    "text/plain",
    "text/plain; application/json",
    "application/x-www-form-urlencoded",
    "multipart/form-data; boundary=application/json",
    "application/jsonx",
    "application/javascript",
    "text/html,application/json",
    "",
  ])("%j is no MCP request", async (type) => {
    expect(await statusOf(mcp(viewer, rpc("tools/list"), { headers: { "content-type": type } }))).toBe(415);
  });

  test.each(["application/json; charset=utf-8", "Application/JSON"])("%j is", async (type) => {
    expect(await statusOf(mcp(viewer, rpc("tools/list"), { headers: { "content-type": type } }))).toBe(200);
  });

  test("a token request is a form, and a registration is JSON", async () => {
    const json = JSON.stringify({ grant_type: "authorization_code", code: "x", client_id: "x" });
    const headers = { "content-type": "application/json" };
    expect(await statusOf(ask(`${ORIGIN}/oauth/token`, { method: "POST", body: json, headers }))).toBe(400);
    const form = new URLSearchParams({ redirect_uris: "https://client.example/" });
    expect(await statusOf(ask(`${ORIGIN}/oauth/register`, { method: "POST", body: form }))).toBe(400);
  });

  test("a field of a token request is there once", async () => {
    const clientId = await registered();
    const form = new URLSearchParams({ grant_type: "authorization_code", code: "x", client_id: clientId });
    form.append("client_id", "other");
    const response = await ask(`${ORIGIN}/oauth/token`, { method: "POST", body: form });
    expect(response.status).toBe(400);
    expect(await response.text()).toContain("must not be repeated");
    expect(await statusOf(redeem(clientId, "x", { code_verifier: "" }))).toBe(400);
  });

  test("a registration cannot choose what is ours to give", async () => {
    const response = await registration({
      client_id: "chosen",
      client_secret: "chosen",
      registration_access_token: "x",
    });
    const text = await response.text();
    expect(text).not.toContain("chosen");
  });
});
