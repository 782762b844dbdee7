"""Requests about who the client is: codes, passwords, bots, logging out, and taking a login to another data centre."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from typing import Any

from telethon import functions, types

from telegram_server.call import Call
from telegram_server.faults import RpcFault
from telegram_server.two_step import no_password
from telegram_server.world import Account, digits


def _account_of(call: Call) -> Account:
    phone = digits(call.request.phone_number)
    for account in call.world.accounts:
        if digits(account.phone) == phone and not account.is_bot:
            return account
    raise RpcFault("PHONE_NUMBER_INVALID")


def _send_code(call: Call) -> Any:
    account = _account_of(call)
    code_hash = call.login.codes.setdefault(digits(account.phone), secrets.token_hex(9))
    return types.auth.SentCode(type=types.auth.SentCodeTypeApp(length=len(account.code)), phone_code_hash=code_hash)


def _sign_in(call: Call) -> Any:
    account = _account_of(call)
    if call.login.codes.get(digits(account.phone)) != call.request.phone_code_hash:
        raise RpcFault("PHONE_CODE_EXPIRED")
    if call.request.phone_code != account.code:
        raise RpcFault("PHONE_CODE_INVALID")
    if account.two_step is not None:
        call.login.waiting = account
        raise RpcFault("SESSION_PASSWORD_NEEDED", 401)
    return _log_in(call, account)


def _get_password(call: Call) -> Any:
    account = call.login.waiting or call.login.account
    if account is None:
        raise RpcFault("AUTH_KEY_UNREGISTERED", 401)
    return no_password() if account.two_step is None else account.two_step.question()


def _check_password(call: Call) -> Any:
    account = call.login.waiting
    if account is None or account.two_step is None:
        raise RpcFault("AUTH_KEY_UNREGISTERED", 401)
    proof = call.request.password
    if not isinstance(proof, types.InputCheckPasswordSRP) or not account.two_step.accepts(proof):
        raise RpcFault("PASSWORD_HASH_INVALID")
    return _log_in(call, account)


def _import_bot(call: Call) -> Any:
    for account in call.world.accounts:
        if account.is_bot and account.bot_token == call.request.bot_auth_token:
            return _log_in(call, account)
    raise RpcFault("ACCESS_TOKEN_INVALID")


def _log_in(call: Call, account: Account) -> Any:
    call.login.account = account
    call.login.waiting = call.login.revoked = None
    call.login.codes.clear()
    return types.auth.Authorization(user=account.user(is_self=True))


def _log_out(call: Call) -> Any:
    call.login.account = None
    return types.auth.LoggedOut()


def _export(call: Call) -> Any:
    if call.request.dc_id == call.login.dc_id:
        raise RpcFault("DC_ID_INVALID")
    account = _self(call)
    token = secrets.token_bytes(32)
    call.world.exports[token] = account, call.request.dc_id
    return types.auth.ExportedAuthorization(id=account.user_id, bytes=token)


def _import(call: Call) -> Any:
    account, dc_id = call.world.exports.pop(call.request.bytes, (None, 0))
    if account is None or account.user_id != call.request.id:
        raise RpcFault("AUTH_BYTES_INVALID")
    call.login.dc_id = dc_id
    return _log_in(call, account)


def _get_users(call: Call) -> Any:
    me = _self(call)
    known = {account.user_id: account for account in call.world.accounts}
    users = []
    for wanted in call.request.id:
        user_id = me.user_id if isinstance(wanted, types.InputUserSelf) else getattr(wanted, "user_id", 0)
        account = known.get(user_id)
        users.append(types.UserEmpty(id=user_id) if account is None else account.user(is_self=account is me))
    return users


def _self(call: Call) -> Account:
    if call.login.account is None:
        raise RpcFault("AUTH_KEY_UNREGISTERED", 401)
    return call.login.account


LOGIN_HANDLERS: dict[Any, Callable[[Call], Any]] = {
    functions.auth.SendCodeRequest: _send_code,
    functions.auth.ResendCodeRequest: _send_code,
    functions.auth.SignInRequest: _sign_in,
    functions.auth.CheckPasswordRequest: _check_password,
    functions.auth.ImportBotAuthorizationRequest: _import_bot,
    functions.auth.ImportAuthorizationRequest: _import,
    functions.auth.ExportAuthorizationRequest: _export,
    functions.auth.LogOutRequest: _log_out,
    functions.account.GetPasswordRequest: _get_password,
    functions.users.GetUsersRequest: _get_users,
}
# Requests that lead to a login. The handlers of passwords check for themselves.
OPEN_TO_ALL = (
    functions.auth.SendCodeRequest,
    functions.auth.ResendCodeRequest,
    functions.auth.SignInRequest,
    functions.auth.CheckPasswordRequest,
    functions.auth.ImportBotAuthorizationRequest,
    functions.auth.ImportAuthorizationRequest,
    functions.account.GetPasswordRequest,
)
