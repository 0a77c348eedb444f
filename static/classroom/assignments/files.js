/* Uploading a folder: the browser sends names alone, so the paths go along in a field of their own. */
const form = document.getElementById("upload");
const folder = document.getElementById("folder");

if ("webkitdirectory" in folder) document.getElementById("folder-field").hidden = false;

form.addEventListener("submit", () => {
  const paths = Array.from(folder.files, (file) => file.webkitRelativePath || file.name);
  document.getElementById("folder-paths").value = JSON.stringify(paths);
  document.getElementById("sending").hidden = false;
  document.getElementById("send").disabled = true;
});

// Coming back by the browser's history, the form is there to be used again.
window.addEventListener("pageshow", () => {
  document.getElementById("sending").hidden = true;
  document.getElementById("send").disabled = false;
});
