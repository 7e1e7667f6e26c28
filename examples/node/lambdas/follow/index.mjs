// GET /{code}: redirects to the link of a code, and counts the visits.

import { ConditionalCheckFailedException, DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { DynamoDBDocumentClient, UpdateCommand } from "@aws-sdk/lib-dynamodb";

const table = DynamoDBDocumentClient.from(new DynamoDBClient());

export const handler = async (event) => {
  const { code } = event.pathParameters;
  try {
    const { Attributes: link } = await table.send(
      new UpdateCommand({
        TableName: process.env.TABLE_NAME,
        Key: { code },
        UpdateExpression: "ADD visits :one",
        ConditionExpression: "attribute_exists(code)",
        ExpressionAttributeValues: { ":one": 1 },
        ReturnValues: "ALL_NEW",
      }),
    );
    return { statusCode: 302, headers: { Location: link.url } };
  } catch (error) {
    if (!(error instanceof ConditionalCheckFailedException)) {
      throw error;
    }
    return {
      statusCode: 404,
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ message: `There is no link \`${code}\`` }),
    };
  }
};
