terraform {
  required_providers {
    aws = { source = "hashicorp/aws", version = "5.100.0" }
  }
}

provider "aws" {
  skip_credentials_validation = true
  skip_metadata_api_check     = true
}

locals {
  trust = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Effect = "Allow", Action = "sts:AssumeRole", Principal = { Service = "lambda.amazonaws.com" } }]
  })
  reads = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Effect = "Allow", Action = "dynamodb:GetItem", Resource = aws_dynamodb_table.items.arn }]
  })
}

resource "aws_dynamodb_table" "items" {
  name         = "@stack@-items"
  billing_mode = "PAY_PER_REQUEST"
  hash_key     = "id"

  attribute {
    name = "id"
    type = "S"
  }
}

resource "aws_apigatewayv2_api" "api" {
  name          = "@stack@"
  protocol_type = "HTTP"
}

resource "aws_apigatewayv2_stage" "default" {
  api_id      = aws_apigatewayv2_api.api.id
  name        = "$default"
  auto_deploy = true
}

# each function
resource "aws_iam_role" "@name@" {
  name               = "@stack@-@name@"
  assume_role_policy = local.trust
}

resource "aws_iam_role_policy" "@name@" {
  role   = aws_iam_role.@name@.name
  policy = local.reads
}

resource "aws_cloudwatch_log_group" "@name@" {
  name = "/aws/lambda/@stack@-@name@"
}

resource "aws_lambda_function" "@name@" {
  function_name    = "@stack@-@name@"
  role             = aws_iam_role.@name@.arn
  filename         = "packages/@name@.zip"
  source_code_hash = filebase64sha256("packages/@name@.zip")
  handler          = "app.handler"
  runtime          = "@runtime@"

  environment {
    variables = { TABLE_NAME = aws_dynamodb_table.items.name }
  }

  logging_config {
    log_format = "Text"
    log_group  = aws_cloudwatch_log_group.@name@.name
  }
}

resource "aws_lambda_permission" "@name@" {
  action        = "lambda:InvokeFunction"
  function_name = aws_lambda_function.@name@.function_name
  principal     = "apigateway.amazonaws.com"
  source_arn    = "${aws_apigatewayv2_api.api.execution_arn}/*"
}

resource "aws_apigatewayv2_integration" "@name@" {
  api_id                 = aws_apigatewayv2_api.api.id
  integration_type       = "AWS_PROXY"
  integration_uri        = aws_lambda_function.@name@.invoke_arn
  payload_format_version = "2.0"
}

# end
# each route
resource "aws_apigatewayv2_route" "@path@" {
  api_id    = aws_apigatewayv2_api.api.id
  route_key = "GET /@path@"
  target    = "integrations/${aws_apigatewayv2_integration.@name@.id}"
}

# end
