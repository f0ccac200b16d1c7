-- EgressPolicy and ClusterEgressPolicy. A rule that allows nothing is degraded; nobody to enforce it on is no fault.
local status = obj.status or {}
if status.observedGeneration ~= obj.metadata.generation then
  return { status = "Progressing", message = "waits for Creel's operator" }
end
local enforced
for _, condition in ipairs(status.conditions or {}) do
  if condition.type == "Accepted" and condition.status == "False" then
    return { status = "Degraded", message = condition.message }
  end
  if condition.type == "Enforced" then enforced = condition end
end
if enforced ~= nil and enforced.status == "False" then
  return { status = "Progressing", message = enforced.message }
end
return { status = "Healthy", message = (enforced or {}).message or "" }
