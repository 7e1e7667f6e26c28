from chalice import Chalice

app = Chalice(app_name="@stack@")

# each function

@app.lambda_function(name="@name@")
def @name@(event, context):
    return "@answer@"

# end

# each route

@app.route("/@path@")
def route_@path@():
    return "@answer@"

# end
