// GET /hello/{name}: returns a greeting, and counts the visits of each name.

import { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { DynamoDBDocumentClient, UpdateCommand } from "@aws-sdk/lib-dynamodb";

// The AWS SDK is part of Lambda, and of the local cloud.
const table = DynamoDBDocumentClient.from(new DynamoDBClient());

export const handler = async (event) => {
  const { name } = event.pathParameters;
  const changed = await table.send(
    new UpdateCommand({
      TableName: process.env.TABLE_NAME,
      Key: { name },
      UpdateExpression: "ADD visits :one",
      ExpressionAttributeValues: { ":one": 1 },
      ReturnValues: "UPDATED_NEW",
    }),
  );
  return {
    statusCode: 200,
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ message: `Hello, ${name}!`, visits: changed.Attributes.visits }),
  };
};
