"""Telegram itself, read with a user's account through Telethon.

    access     what it takes to connect: credentials, session, data centre
    client     the connection: ordered waits, time-outs, lost connections
    failures   Telegram's errors as ours: one channel's, the account's, the network's
    login      once: phone, code and password become a session
    resolver   what users write -> a channel; cached, because asking for names is what Telegram bans for
    messages   Telegram's message -> ours
    photos     the bytes of a message's photo
    source     all of it as a message source

Nothing else of the product knows Telethon, and importing this takes a second: it is imported where it is used.
"""
