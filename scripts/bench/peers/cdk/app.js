const { App, RemovalPolicy, Stack } = require("aws-cdk-lib");
const { HttpApi, HttpMethod } = require("aws-cdk-lib/aws-apigatewayv2");
const { HttpLambdaIntegration } = require("aws-cdk-lib/aws-apigatewayv2-integrations");
const { AttributeType, Billing, TableV2 } = require("aws-cdk-lib/aws-dynamodb");
const { Code, Function, Runtime } = require("aws-cdk-lib/aws-lambda");
const { LogGroup } = require("aws-cdk-lib/aws-logs");

const removalPolicy = RemovalPolicy.DESTROY;
const stack = new Stack(new App(), "@stack@", {
  env: { account: process.env.CDK_DEFAULT_ACCOUNT, region: process.env.CDK_DEFAULT_REGION },
});
const partitionKey = { name: "id", type: AttributeType.STRING };
const table = new TableV2(stack, "Items", { partitionKey, billing: Billing.onDemand(), removalPolicy });
const api = new HttpApi(stack, "Api");
const integrations = {};

function define(name) {
  const lambda = new Function(stack, name, {
    code: Code.fromAsset(`src/${name}`),
    handler: "app.handler",
    runtime: new Runtime("@runtime@"),
    environment: { TABLE_NAME: table.tableName },
    logGroup: new LogGroup(stack, `${name}-log`, { removalPolicy }),
  });
  table.grantReadData(lambda);
  integrations[name] = new HttpLambdaIntegration(`${name}-integration`, lambda);
}

function route(path, name) {
  api.addRoutes({ path: `/${path}`, methods: [HttpMethod.GET], integration: integrations[name] });
}

// each function
define("@name@");
// end
// each route
route("@path@", "@name@");
// end
