"""Code run by a Jupyter kernel, with nothing kept of it (read in CoCalc's source, July 2026).

A call gets a kernel of its own. So that the next need not wait, one more is started meanwhile:
those are the kernels that can be listed and stopped.
"""

import asyncio
import os
import time
from typing import Any

from jupyter_client.kernelspec import KernelSpecManager, NoSuchKernel
from jupyter_client.manager import AsyncKernelManager

from sandbox.conat.access import NO_UUID
from sandbox.conat.functions import Call, Thrown, hub_function, project_function
from sandbox.conat.power import start
from sandbox.hub import Hub
from sandbox.ids import is_uuid, now_iso

_DEFAULT_SECONDS = 90
_READY_SECONDS = 60

Output = dict[str, Any]


@project_function("system.jupyterExecute")
async def execute_in_project(call: Call) -> list[Output]:
    return await _run(call.hub, str(call.project_id), call.given)


@hub_function("jupyter.execute")
async def execute(call: Call) -> dict[str, Any]:
    """The same by way of the hub. Without a project, CoCalc would need one set up for strangers."""
    begun = time.monotonic()
    created = now_iso()
    output = await _run(call.hub, await _running_project(call), call.given)
    seconds = round(time.monotonic() - begun, 3)
    return {"output": output, "created": created, "total_time_s": seconds}


@hub_function("jupyter.kernels")
async def kernels(call: Call) -> list[dict[str, Any]]:
    """Which kernels a project has."""
    await _running_project(call)
    return [
        {
            "name": name,
            "display_name": kind["spec"]["display_name"],
            "language": kind["spec"]["language"],
            "metadata": kind["spec"].get("metadata", {}),
        }
        for name, kind in KernelSpecManager().get_all_specs().items()
    ]


@project_function("system.listJupyterKernels", since="2025-10-01")
async def list_kernels(call: Call) -> list[dict[str, Any]]:
    """The kernels that wait for code."""
    spare = call.hub.daemons.of(str(call.project_id)).kernels
    return [
        {"pid": pid, "connectionFile": kernel.connection_file, "kernel_name": kernel.kernel_name}
        for pid, kernel in spare.items()
    ]


@project_function("system.stopJupyterKernel", since="2025-10-01")
async def stop_kernel(call: Call) -> dict[str, bool]:
    pid = call.given.get("pid")
    spare = call.hub.daemons.of(str(call.project_id)).kernels
    kernel = spare.pop(pid, None) if isinstance(pid, int) else None
    if kernel is not None:
        await kernel.shutdown_kernel(now=True)
    return {"success": kernel is not None}


async def _running_project(call: Call) -> str:
    project_id = call.given.get("project_id")
    if project_id is None:
        raise Thrown("Error: Jupyter API is not enabled on this server.")
    if not is_uuid(project_id):
        raise Thrown(f"Error: {NO_UUID}")
    caller = call.caller
    if caller is None or not call.hub.caches.is_collaborator(caller.account_id, project_id):
        raise Thrown("Error: user must be a collaborator on the project")
    await start(call.hub, str(project_id))
    return str(project_id)


async def _run(hub: Hub, project_id: str, given: dict[str, Any]) -> list[Output]:
    for name in ("input", "kernel"):
        if not isinstance(given.get(name), str):
            raise Thrown(f"Error: {name} must be specified")
    seconds = given.get("timeout") or _DEFAULT_SECONDS
    history = given.get("history") or []
    kernel = await _take(hub, project_id, given["kernel"])
    try:
        outputs = await _chdir(kernel, given.get("path"))
        if history:
            await asyncio.wait_for(_execute(kernel, "\n".join(map(str, history))), seconds)
        return outputs + await asyncio.wait_for(_execute(kernel, given["input"]), seconds)
    except TimeoutError:
        raise Thrown("Error: timeout") from None
    finally:
        await kernel.shutdown_kernel(now=True)


async def _take(hub: Hub, project_id: str, name: str) -> AsyncKernelManager:
    """A kernel that has run nothing yet; another one is started for the next call."""
    spare = hub.daemons.of(project_id).kernels
    pid = next((pid for pid, kernel in spare.items() if kernel.kernel_name == name), None)
    kernel = await _start(hub, project_id, name) if pid is None else spare.pop(pid)
    hub.spawn(_keep_one(hub, project_id, name))
    return kernel


async def _keep_one(hub: Hub, project_id: str, name: str) -> None:
    kernel = await _start(hub, project_id, name)
    if hub.projects.is_running(project_id):
        hub.daemons.of(project_id).kernels[_pid(kernel)] = kernel
    else:
        await kernel.shutdown_kernel(now=True)


async def _start(hub: Hub, project_id: str, name: str) -> AsyncKernelManager:
    runtime = hub.config.data / "jupyter" / "kernels"
    runtime.mkdir(parents=True, exist_ok=True)
    manager = AsyncKernelManager(kernel_name=name)
    manager.connection_file = str(runtime / f"kernel-{os.urandom(8).hex()}.json")
    environment = hub.projects.environment(project_id)
    try:
        await manager.start_kernel(env=environment, cwd=str(hub.projects.home(project_id)))
    except NoSuchKernel:
        raise Thrown(f"Error: No spec available for kernel '{name}'") from None
    return manager


def _pid(kernel: AsyncKernelManager) -> int:
    return int(getattr(kernel.provisioner, "pid", None) or 0)


async def _chdir(kernel: AsyncKernelManager, path: object) -> list[Output]:
    """Go where the notebook would be. What goes wrong there is a part of the output."""
    if not path:
        return []
    done = await _execute(kernel, f"import os; os.chdir({str(path)!r})")
    return [
        {"name": "stderr", "text": f"{one['ename']}: {one['evalue']}"}
        for one in done
        if "ename" in one
    ]


async def _execute(kernel: AsyncKernelManager, code: str) -> list[Output]:
    client = kernel.client()
    client.start_channels()
    try:
        await client.wait_for_ready(timeout=_READY_SECONDS)
        mine = client.execute(code, store_history=False)
        outputs: list[Output] = []
        while True:
            message = await client.get_iopub_msg()
            if message["parent_header"].get("msg_id") != mine:
                continue
            content = message["content"]
            match message["msg_type"]:
                case "status" if content["execution_state"] == "idle":
                    return outputs
                case "stream":
                    outputs.append({"name": content["name"], "text": content["text"]})
                case "execute_result" | "display_data":
                    outputs.append({"data": content["data"]})
                case "error":
                    names = ("ename", "evalue", "traceback")
                    outputs.append({name: content[name] for name in names})
    finally:
        client.stop_channels()
