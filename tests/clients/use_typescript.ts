// What a program may rely on by the generated types; tsc refuses it where the document says less.
import type { components, operations, paths } from "./schema";

type Package = components["schemas"]["Package"];
type Page = paths["/api/v1/packages"]["get"]["responses"][200]["content"]["application/json"];
type Upload = operations["upload_package"]["requestBody"]["content"]["multipart/form-data"];

export function urls(page: Page): string[] {
  return page.filter((each: Package) => each.is_active && each.platform === "linux").map((each) => each.download_url);
}

export const upload: Omit<Upload, "file"> = { name: "agent", version: "1.0.0", platform: "linux", arch: "386" };
export const kind: Package["created_by_kind"] = "token";
export const detail = (problem: components["schemas"]["Problem"]): string => problem.detail;
export const query: operations["get_latest_package"]["parameters"]["query"] = {
  name: "agent",
  platform: "darwin",
  arch: "any",
};

// @ts-expect-error no such platform
export const platform: Package["platform"] = "beos";
// @ts-expect-error the latest of what?
export const incomplete: operations["get_latest_package"]["parameters"]["query"] = { name: "agent" };
