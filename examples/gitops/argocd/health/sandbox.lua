-- A Sandbox that waits for a person is suspended, not broken; one that a person must repair is degraded.
local function is(kind)
  for _, condition in ipairs((obj.status or {}).conditions or {}) do
    if condition.type == kind then return condition.status == "True", condition.message or "" end
  end
  return false, ""
end

local status = obj.status or {}
if obj.metadata.deletionTimestamp ~= nil then
  return { status = "Progressing", message = "is being deleted" }
end
if status.phase == nil or status.observedGeneration ~= obj.metadata.generation then
  return { status = "Progressing", message = "waits for Creel's operator" }
end
local stalled, why = is("Stalled")
if stalled then return { status = "Degraded", message = why } end
local ready, text = is("Ready")
if status.phase == "AwaitingApproval" or status.phase == "Suspended" then
  return { status = "Suspended", message = text }
end
if status.phase == "Completed" then return { status = "Healthy", message = "the command has ended" } end
if status.phase == "Failed" then
  return { status = "Degraded", message = "the command has failed, exit code " .. (status.exitCode or "unknown") }
end
if not ready then return { status = "Progressing", message = text } end
local pending = status.pending or 0
if pending > 0 then
  return { status = "Healthy", message = "runs; approvals that wait for a person: " .. pending }
end
return { status = "Healthy", message = "runs" }
