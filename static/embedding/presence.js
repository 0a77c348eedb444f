/** Tells this site's other pages in this browser who is signed in: theirs may be over. */
const { content } = document.querySelector("meta[name=embedding-user]");
const channel = new BroadcastChannel("embedding");
channel.postMessage({ user: content });
channel.close();
