"""40 texts that would run a script, load something or lead away if a page took them for more than text."""

from __future__ import annotations

from typing import Any

_RUN = "window.hacked=1"

PAYLOADS = (
    f"<script>{_RUN}</script>", f"<ScRiPt>{_RUN}</sCrIpT>", f"<img src=x onerror={_RUN}>", f"<svg onload={_RUN}>",
    f"<svg><script>{_RUN}</script></svg>", f"<body onload={_RUN}>", f"<iframe src=javascript:{_RUN}>",
    f"<iframe srcdoc='<script>parent.{_RUN}</script>'>", f"<a href=javascript:{_RUN}>x</a>",
    f"<details open ontoggle={_RUN}>", f"<video><source onerror={_RUN}></video>", f"<input autofocus onfocus={_RUN}>",
    f"<marquee onstart={_RUN}>x</marquee>", f"<object data=javascript:{_RUN}>", f"<embed src=javascript:{_RUN}>",
    f"<math><mtext></mtext><script>{_RUN}</script></math>", f"<form action=javascript:{_RUN}><button>x</button></form>",
    f"<base href=javascript:{_RUN}//>", f"<link rel=import href='data:text/html,<script>{_RUN}</script>'>",
    f"<meta http-equiv=refresh content='0;url=javascript:{_RUN}'>", f"<style>@import 'javascript:{_RUN}';</style>",
    f"<div style='background:url(javascript:{_RUN})'>x</div>", f"<template><script>{_RUN}</script></template>",
    f"'\"><script>{_RUN}</script>", f"--><script>{_RUN}</script>", f"]]><script>{_RUN}</script>",
    f"</textarea></title></code><script>{_RUN}</script>", f"&lt;script&gt;{_RUN}&lt;/script&gt;",
    f"&#60;script&#62;{_RUN}&#60;/script&#62;", f"[x](javascript:{_RUN})", f"[x](JaVaScRiPt:{_RUN} 'y')",
    "[x](data:text/html;base64,PHNjcmlwdD53aW5kb3cuaGFja2VkPTE8L3NjcmlwdD4=)", f"[x](vbscript:{_RUN})",
    f"![x](x\"onerror=\"{_RUN})", "![x](https://evil.example/pixel.png)", f"<javascript:{_RUN}>",
    f"[x]: javascript:{_RUN}\n\n[x][x]", f"$\\href{{javascript:{_RUN}}}{{x}}$",
    f"`</code><script>{_RUN}</script>`", f"{{{{constructor.constructor('{_RUN}')()}}}}",
)  # fmt: skip


def sow(ask: Any) -> None:
    """Write each of them wherever a person, Glide or a run may: names, tables, columns, messages, hints, rows."""
    ask("alter table public.gl_mappings disable trigger user")  # what is sown need not fit together
    for at, payload in enumerate(PAYLOADS):
        text = "'" + payload.replace("'", "''") + f" {at}'"
        [(connection,)] = ask(
            "insert into gl_connections (app_id, app_name, name, status, status_message)"
            f" values ({text}, {text}, {text}, 'error', {text}) returning id"
        )
        [(mapping,)] = ask(
            "insert into gl_mappings (connection_id, workspace_id, name, glide_table, glide_table_display_name,"
            " supabase_table, column_mappings) values"
            f" ('{connection}', '00000000-0000-0000-0000-000000000001', {text}, {text}, {text}, 'public.t{at}',"
            f" jsonb_build_object({text}, jsonb_build_object('glide_column_name', {text}, 'supabase_column_name',"
            f" {text}, 'data_type', 'string'))) returning id"
        )
        [(run,)] = ask(
            "insert into gl_sync_logs (mapping_id, status, trigger, actor, message, hint, error_type, completed_at)"
            f" values ('{mapping}', 'failed', 'manual', {text}, {text}, {text}, 'API_ERROR', now()) returning id"
        )
        ask(f"insert into glsync.run_events (log_id, level, message) values ('{run}', 'error', {text})")
        ask(
            "insert into gl_sync_errors (mapping_id, log_id, error_type, error_message, record_data, glide_row_id,"
            f" column_name, value, rule, hint) values ('{mapping}', '{run}', 'VALIDATION_ERROR', {text},"
            f" jsonb_build_object('x', {text}), {text}, {text}, {text}, {text}, {text})"
        )
        ask(
            "insert into glsync.audit (actor, action, subject_type, subject_id, subject_name, after)"
            f" values ({text}, {text}, 'mapping', '{mapping}', {text}, jsonb_build_object('x', {text}))"
        )
    ask("alter table public.gl_mappings enable trigger user")
