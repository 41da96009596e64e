// Files out of what was dropped or chosen: folders are walked, dot-files left out.

async function entriesOf(directory) {
  const reader = directory.createReader();
  const all = [];
  for (;;) {
    // readEntries gives some hundred at a time, and none at the end.
    const some = await new Promise((resolve, reject) => { reader.readEntries(resolve, reject); });
    if (!some.length) return all;
    all.push(...some);
  }
}

const isHidden = (name) => name.startsWith(".");

async function walked(entry, path) {
  if (entry.isFile) {
    const file = await new Promise((resolve, reject) => { entry.file(resolve, reject); });
    return [{ file, path: path + file.name }];
  }
  const inside = (await entriesOf(entry)).filter(({ name }) => !isHidden(name));
  const found = await Promise.all(inside.map((each) => walked(each, `${path}${entry.name}/`)));
  return found.flat();
}

// [{file, path}] of a drop. The entries are taken before the first wait: after the event they are gone.
export async function dropped(transfer) {
  const entries = [...transfer.items].map((item) => item.webkitGetAsEntry()).filter(Boolean);
  if (!entries.length) return chosen(transfer.files);
  const found = await Promise.all(entries.filter(({ name }) => !isHidden(name)).map((entry) => walked(entry, "")));
  return found.flat();
}

// [{file, path}] of a file chooser.
export function chosen(files) {
  const all = [...files].map((file) => ({ file, path: file.webkitRelativePath || file.name }));
  return all.filter(({ path }) => !path.split("/").some(isHidden));
}
