"""Aliases: what an invocation through an alias, or of a version, runs, and as what.

The emulator runs the main version of an alias whatever its weights, tells the function the version's ARN in place of
the one that was called, and forgets what is set for the function as a whole or for the alias: reserved concurrency, and
what becomes of asynchronous events.

At AWS each invocation draws by itself. Here the versions are dealt like cards: a deck has them in the shares of the
weights, shuffled, and with 10 % exactly one of every ten invocations runs the other version. Each change of the alias
begins a new deck, so a test that counts from there knows how many run which, without a seed.
"""

import math
import random
import threading
from contextvars import ContextVar
from fractions import Fraction

SEAMS = {
    "ministack.services.lambda_svc:_effective_func_record_for_qualifier": "func qualifier #9347cb8fd2dc4d9c",
    "ministack.services.lambda_svc:_execute_function": "func event #3ceb16d6480a2161",
    "ministack.services.lambda_svc:_execute_function_with_config_scope": "func event #26a9d5f64e175204",
    "ministack.services.lambda_svc:_function_config_scope_mismatch": "config",
    "ministack.services.lambda_svc:_functions": "AccountRegionScopedDict",
    "ministack.services.lambda_svc:_invoke": "name event headers path_qualifier query_params #ab193779e5c2ea94",
    "ministack.services.lambda_svc:_lambda_function_account_region_from_arn": "value",
    "ministack.services.lambda_svc:_lambda_function_name_and_qualifier_from_arn": "value",
    "ministack.services.lambda_svc:_reserved_concurrency": "func config #ebec4b4bba775119",
    "ministack.services.lambda_svc:invoke_async_with_retry": "func event #289fe4d3cbd4089b",
}

# The finest share that is kept: a tenth of a percent.
FINEST = 1000

# By ARN, the revision of an alias and the versions that its next invocations run.
decks = {}
dealing = threading.Lock()
# The versions that the current call of Invoke has run.
ran: ContextVar[list | None] = ContextVar("ran", default=None)


def install():
    """Replaces how a qualifier is resolved and how a function is invoked."""
    from ministack.services import lambda_svc

    lambda_svc._effective_func_record_for_qualifier = as_called(lambda_svc._effective_func_record_for_qualifier)
    lambda_svc._execute_function = weighted(lambda_svc._execute_function)
    lambda_svc._invoke = naming_the_version(lambda_svc._invoke)
    lambda_svc.invoke_async_with_retry = as_set_for_the_qualifier(lambda_svc.invoke_async_with_retry)


def as_called(resolve):
    """The function that a qualifier stands for, under the ARN with that qualifier."""
    def find(func, qualifier):
        record, config = resolve(func, qualifier)
        if config is None or is_latest(qualifier):
            return record, config
        config = {**config, "FunctionArn": f"{func['config']['FunctionArn']}:{qualifier}"}
        return {**record, "config": config}, config
    return find


def weighted(execute):
    """An invocation of the version that is dealt. All invocations come here, each in the scope of the function."""
    def call(func, event):
        from ministack.services import lambda_svc

        config = func.get("config") or func
        # The emulator comes back here in the right scope.
        if lambda_svc._function_config_scope_mismatch(config):
            return execute(func, event)
        whole, qualifier = called(config)
        if whole is None or is_latest(qualifier):
            return execute(func, event)
        if alias := whole["aliases"].get(qualifier):
            func = whole["versions"].get(deal(alias), whole)
            # The function sees the ARN that was called.
            config = {**func["config"], "FunctionArn": config["FunctionArn"]}
        if (versions := ran.get()) is not None:
            versions.append(config["Version"])
        return execute({**func, "config": config, "concurrency": whole.get("concurrency")}, event)
    return call


def naming_the_version(invoke):
    """Invoke names in its response the version that it ran."""
    async def call(*args, **others):
        ran.set(versions := [])
        status, headers, body = await invoke(*args, **others)
        if status == 200 and versions:
            headers["X-Amz-Executed-Version"] = versions[-1]
        return status, headers, body
    return call


def as_set_for_the_qualifier(invoke):
    """An asynchronous invocation, with the retries and the destination that are set for the qualifier."""
    def call(func, event):
        whole, qualifier = called(func.get("config") or func)
        if whole and not is_latest(qualifier):
            func = {**func, "event_invoke_config": (whole.get("event_invoke_configs") or {}).get(qualifier)}
        return invoke(func, event)
    return call


def is_latest(qualifier):
    return qualifier in (None, "$LATEST")


def called(config):
    """The function with all its versions, and the qualifier under which it is called."""
    from ministack.services import lambda_svc

    arn = config["FunctionArn"]
    name, qualifier = lambda_svc._lambda_function_name_and_qualifier_from_arn(arn)
    scope = lambda_svc._lambda_function_account_region_from_arn(arn)
    return lambda_svc._functions.get_scoped(*scope, name), qualifier


def deal(alias):
    """The version that the next invocation through an alias runs."""
    weights = alias.get("RoutingConfig", {}).get("AdditionalVersionWeights")
    if not weights:
        return alias["FunctionVersion"]
    with dealing:
        revision, cards = decks.get(alias["AliasArn"], (None, []))
        if revision != alias["RevisionId"] or not cards:
            cards = deck(alias["FunctionVersion"], weights)
            decks[alias["AliasArn"]] = (alias["RevisionId"], cards)
        return cards.pop()


def deck(main, weights):
    """Versions in the shares of their weights, in random order, and as few as the shares allow."""
    shares = {version: Fraction(weight).limit_denominator(FINEST) for version, weight in weights.items()}
    size = math.lcm(*(share.denominator for share in shares.values()))
    cards = [version for version, share in shares.items() for _ in range(int(share * size))]
    cards += [main] * (size - len(cards))
    random.shuffle(cards)
    return cards
