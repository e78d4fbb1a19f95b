"""The names of the calls, for faults, the log and the meter, and the groups they fall into."""

V1_READS = {"query", "me", "apps", "tables", "schema", "rest_rows", "rest_row"}
V1_WRITES = {"mutate", "rest_add", "rest_clear", "rest_set", "rest_delete"}
V2_READS = {"list", "head", "rows", "row", "job"}
V2_WRITES = {"create", "replace", "add", "patch", "delete", "stash", "unstash"}

GROUPS = {
    "*": V1_READS | V1_WRITES | V2_READS | V2_WRITES,
    "v1": V1_READS | V1_WRITES,
    "v2": V2_READS | V2_WRITES,
    "read": V1_READS | V2_READS,
    "write": V1_WRITES | V2_WRITES,
}


def sites(names: str | list[str]) -> set[str]:
    """Call sites by their names and the names of groups.

    Raises:
        ValueError: there is no such call.
    """
    found: set[str] = set()
    for name in [names] if isinstance(names, str) else names:
        if name not in GROUPS and name not in GROUPS["*"]:
            raise ValueError(f"{name!r} is no call: say one of {', '.join([*GROUPS, *sorted(GROUPS['*'])])}")
        found |= GROUPS.get(name, {name})
    return found


def is_v2(site: str) -> bool:
    return site in GROUPS["v2"]


def is_write(site: str) -> bool:
    return site in GROUPS["write"]
