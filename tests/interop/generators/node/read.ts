// Reads messages as the generated clients do, and prints what they read as JSON: contract, message, object.
import { readdirSync, readFileSync } from "fs";
import { WSDL } from "soap";
import { createClientAsync as createV1 } from "./v1/v1";
import { createClientAsync as createIssuing } from "./issuing/issuing";
import { ListNotificationsResponse } from "./v1/v1";
import { PublishActsResponse } from "./issuing/issuing";

const [messages, ...wsdls] = process.argv.slice(2);

// Lists are lists for the compiler, too.
export function codes(listed: ListNotificationsResponse): Array<number | undefined> {
  return (listed.notification ?? []).map((one) => one.code);
}
export function references(published: PublishActsResponse): number {
  return (published.item ?? []).length;
}

// An object as node-soap gives it: of a fault, from the error that it throws.
function read(wsdl: WSDL, message: string, content: string): object {
  const body = message === "GatewayFault" ? `<s:Fault><faultcode>s:Client</faultcode><detail>${content}</detail></s:Fault>` : content;
  const envelope = `<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body>${body}</s:Body></s:Envelope>`;
  try {
    return wsdl.xmlToObject(envelope).Body;
  } catch (error) {
    return (error as { root: { Envelope: { Body: { Fault: { detail: object } } } } }).root.Envelope.Body.Fault.detail;
  }
}

async function main(): Promise<void> {
  const clients = { v1: await createV1(wsdls[0]), issuing: await createIssuing(wsdls[1]) };
  for (const [contract, client] of Object.entries(clients)) {
    for (const file of readdirSync(`${messages}/${contract}`)) {
      const message = file.replace(".xml", "");
      const content = readFileSync(`${messages}/${contract}/${file}`, "utf8");
      console.log([contract, message, JSON.stringify(read(client.wsdl, message, content))].join("\t"));
    }
  }
}

void main();
