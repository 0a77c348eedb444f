"""How Jupyter Notebook is set up: for one project each, inside a frame, and without small talk."""

import json
from pathlib import Path

# Plug-ins that lead out of the kiosk, or phone home, or show what we do not keep, or ask before
# the page is left.
_DISABLED = (
    "@jupyter-notebook/application-extension:dirty",
    "@jupyter-notebook/application-extension:logo",
    "@jupyter-notebook/application-extension:pages",
    "@jupyter-notebook/application-extension:title",
    "@jupyter-notebook/help-extension:open",
    "@jupyter-notebook/lab-extension:interface-switcher",
    "@jupyter-notebook/lab-extension:launch-tree",
    "@jupyter-notebook/notebook-extension:checkpoints",
    "@jupyter-notebook/notebook-extension:close-tab",
    "@jupyter-notebook/notebook-extension:open-tree-tab",
    "@jupyter-notebook/notebook-extension:trusted",
    "@jupyterlab/apputils-extension:announcements",
    "@jupyterlab/extensionmanager-extension:plugin",
)

_SETTINGS = {
    "@jupyter-notebook/application-extension:top": {"visible": "no"},
    "@jupyter-notebook/notebook-extension:full-width-notebook": {"fullWidthNotebook": True},
    "@jupyterlab/apputils-extension:notification": {
        "checkForUpdates": False,
        "fetchNews": "false",
    },
    "@jupyterlab/apputils-extension:themes": {"adaptive-theme": True},
    # As CoCalc was seen to do it: what was typed since is in the file only when somebody saves, or
    # the file is closed, or the page is left (tabs.js).
    "@jupyterlab/docmanager-extension:plugin": {"autosaveInterval": 45},
    "@jupyterlab/mainmenu-extension:plugin": {
        "menus": [
            {"id": "jp-mainmenu-settings", "disabled": True},
            {
                "id": "jp-mainmenu-file",
                # They end what is not theirs to end, or want checkpoints.
                "items": [
                    {"command": command, "disabled": True}
                    for command in (
                        "docmanager:restore-checkpoint",
                        "filemenu:close-and-cleanup",
                        "filemenu:logout",
                        "filemenu:shutdown",
                    )
                ],
            },
        ]
    },
}


def write(folder: Path, style: Path) -> None:
    """Write the configuration that all projects share."""
    config = folder / "labconfig"
    config.mkdir(parents=True, exist_ok=True)
    page = {"disabledExtensions": dict.fromkeys(_DISABLED, True)}
    (config / "page_config.json").write_text(json.dumps(page))
    (config / "default_setting_overrides.json").write_text(json.dumps(_SETTINGS))
    (folder / "custom").mkdir(exist_ok=True)
    (folder / "custom" / "custom.css").write_bytes(style.read_bytes())


def options(*, home: Path, socket: Path, base_url: str, token: str) -> list[str]:
    """The command line of one project's server."""
    return [
        f"--ServerApp.root_dir={home}",
        f"--ServerApp.sock={socket}",
        f"--ServerApp.base_url={base_url}",
        f"--IdentityProvider.token={token}",
        "--ServerApp.open_browser=False",
        "--ServerApp.quit_button=False",
        "--ServerApp.allow_root=True",
        # The front has checked who asks, and from which page, before a request comes here.
        "--ServerApp.disable_check_xsrf=True",
        "--ServerApp.allow_remote_access=True",
        "--ServerApp.log_level=WARN",
        # So that the kiosk can have a document saved before it closes the tab.
        "--JupyterNotebookApp.expose_app_in_browser=True",
        "--AsyncLargeFileManager.checkpoints_class=sandbox.checkpoints.NoCheckpoints",
        "--FileContentsManager.delete_to_trash=False",
        "--LabApp.extension_manager=readonly",
        # Its search for language servers runs npm, which leaves a folder in the home.
        "--LanguageServerManager.autodetect=False",
        # A forgotten kernel ends after an hour.
        "--MappingKernelManager.cull_idle_timeout=3600",
        "--MappingKernelManager.cull_interval=300",
    ]
