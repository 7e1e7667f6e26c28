// POST /links {"url": …}: saves a link, and returns its code.

import { randomBytes } from "node:crypto";
import { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { DynamoDBDocumentClient, PutCommand } from "@aws-sdk/lib-dynamodb";

const table = DynamoDBDocumentClient.from(new DynamoDBClient());
const day = 24 * 60 * 60;

export const handler = async (event) => {
  const url = link(event.body);
  if (!url) {
    return answer(400, { message: "`url` must be a link that begins with http:// or https://" });
  }
  const code = randomBytes(6).toString("base64url");
  const expires = Math.floor(Date.now() / 1000) + Number(process.env.DAYS) * day;
  await table.send(
    new PutCommand({
      TableName: process.env.TABLE_NAME,
      Item: { code, url, expires },
      // Never overwrite a code that is already used: the request fails, and the client can retry.
      ConditionExpression: "attribute_not_exists(code)",
    }),
  );
  return answer(201, { code, url });
};

// The link in a request, if it is safe to redirect a browser to it.
function link(body) {
  try {
    const { url } = JSON.parse(body ?? "");
    return ["http:", "https:"].includes(new URL(url).protocol) ? url : undefined;
  } catch {
    return undefined;
  }
}

function answer(statusCode, body) {
  return { statusCode, headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) };
}
