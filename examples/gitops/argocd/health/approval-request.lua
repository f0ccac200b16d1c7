-- The operator makes these, Git does not: they show below their Sandbox. Waiting for a person is suspended, never degraded.
local status = obj.status or {}
local phase = status.phase or "Pending"
if phase == "Pending" then return { status = "Suspended", message = "waits for a person's decision" } end
if phase == "Snoozed" then return { status = "Suspended", message = "snoozed" } end
if phase == "Approved" then
  for _, condition in ipairs(status.conditions or {}) do
    if condition.type == "Granted" and condition.status == "False" then
      return { status = "Degraded", message = "approved, but not in force: " .. (condition.message or "") }
    end
  end
end
return { status = "Healthy", message = phase }
