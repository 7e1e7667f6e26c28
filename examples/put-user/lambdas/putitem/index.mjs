// Puts a user into the table. The event is the user itself, or a request of the API with the user as its body.

import { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { DynamoDBDocumentClient, PutCommand } from "@aws-sdk/lib-dynamodb";

const table = DynamoDBDocumentClient.from(new DynamoDBClient());

export const handler = async (event) => {
  if (!("requestContext" in event)) {
    return put(event);
  }
  const user = parsed(event.body);
  if (!user?.uid) {
    return response(400, { message: "`uid` is missing" });
  }
  return response(200, await put(user));
};

async function put({ uid, username, email }) {
  await table.send(new PutCommand({ TableName: process.env.TABLE_NAME, Item: { uid, username, email } }));
  return `Put user ${username} with email ${email} to DynamoDB.`;
}

function parsed(body) {
  try {
    return JSON.parse(body);
  } catch {
    return undefined;
  }
}

function response(statusCode, body) {
  return { statusCode, headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) };
}
