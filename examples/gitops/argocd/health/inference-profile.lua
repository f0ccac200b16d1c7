-- Without its Secret a profile routes nothing: somebody must act.
local status = obj.status or {}
if status.observedGeneration ~= obj.metadata.generation then
  return { status = "Progressing", message = "waits for Creel's operator" }
end
for _, condition in ipairs(status.conditions or {}) do
  if condition.type == "Ready" then
    if condition.status == "True" then return { status = "Healthy", message = condition.message } end
    if condition.reason == "SecretPending" or condition.status == "Unknown" then
      return { status = "Progressing", message = condition.message }
    end
    return { status = "Degraded", message = condition.message }
  end
end
return { status = "Progressing", message = "waits for Creel's operator" }
