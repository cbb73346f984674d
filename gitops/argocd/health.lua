-- The health of any object of hawser.dev, as Argo CD shows it. Lua 5.1 without libraries, as Argo CD runs it.
local health = {status = "Progressing", message = "Waiting for the operator to look at it"}

if obj.metadata.deletionTimestamp ~= nil then
  health.message = "Being deleted"
  return health
end

local status = obj.status
if status == nil or status.conditions == nil or status.observedGeneration == nil then
  return health
end
if status.observedGeneration ~= obj.metadata.generation then
  health.message = "Waiting for the operator to see the change"
  return health
end

local conditions = {}
for _, condition in ipairs(status.conditions) do
  conditions[condition.type] = condition
end
local function is_true(name)
  return conditions[name] ~= nil and conditions[name].status == "True"
end

if is_true("Stalled") then
  -- Nothing can come of it until somebody changes it.
  health.status = "Degraded"
  health.message = conditions.Stalled.message
elseif is_true("Paused") then
  health.status = "Suspended"
  health.message = conditions.Paused.message
elseif is_true("Ready") then
  health.status = "Healthy"
  health.message = is_true("Weak") and "Weak: " .. conditions.Weak.message or ""
elseif conditions.Ready ~= nil then
  if status.connectionStatus == "NotConnected" and conditions.Ready.reason ~= "WaitingForPeer" then
    -- A tunnel that was tried and is down. It may come up by itself; until then its site is not reachable.
    health.status = "Degraded"
  end
  health.message = conditions.Ready.reason
  if conditions.Ready.message ~= nil and conditions.Ready.message ~= "" then
    health.message = health.message .. ": " .. conditions.Ready.message
  end
end
return health
